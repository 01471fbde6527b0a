"""The worlds in which tests run: a snapshot of the configuration, a clock and rows of their own."""
