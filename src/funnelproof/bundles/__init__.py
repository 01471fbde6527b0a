"""A test run as one file that says all of it, and can be run again elsewhere."""
