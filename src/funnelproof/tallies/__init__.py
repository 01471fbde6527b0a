"""The counters, moved by clicks, conversions and reversals in their own transactions."""
