"""Counting again from the raw rows: a second opinion on every counter, written apart from the code that moves them."""
