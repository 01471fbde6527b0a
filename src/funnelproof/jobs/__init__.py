"""Timed work: one table of jobs, each done by one process at a time."""
