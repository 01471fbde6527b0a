"""Clicks, conversions and tallies as files."""
