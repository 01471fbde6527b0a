"""Who did what, when and under which request."""
