"""The counters, moved by clicks and conversions in their own transactions."""
