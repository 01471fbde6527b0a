"""Visitors who log in to a handle's pages: a link by mail, a session of thirty days, no password."""
