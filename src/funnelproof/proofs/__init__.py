"""Conversion tests: runs in worlds of their own, and the receipts they leave."""
