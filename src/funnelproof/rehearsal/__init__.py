"""A funnel tried out from a test: a server of its own, one run for each test, events and what is expected of them."""
