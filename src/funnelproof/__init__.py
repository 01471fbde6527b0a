"""Funnelproof: prove your funnel before you pay for traffic."""

__version__ = "0.1.0"
