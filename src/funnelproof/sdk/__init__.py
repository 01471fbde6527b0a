"""The script for the shop's own pages: keeps the ctx, sends conversions; how it is served and embedded."""
