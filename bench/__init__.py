"""Measuring tools for developers: speed, scale and endurance. Not part of what is installed."""
