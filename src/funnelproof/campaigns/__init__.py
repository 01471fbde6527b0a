"""Campaigns, their variants and phases, and what becomes of both over time."""
