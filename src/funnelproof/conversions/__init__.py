"""Conversions: admitted step by step, recorded exactly once, each with a disposition."""
