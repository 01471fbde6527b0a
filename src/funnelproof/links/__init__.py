"""Tracked short links, the ctx that their clicks mint, and the address a click is led to."""
