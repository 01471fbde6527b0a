"""Conversion tests as code: a plan's scenes, and their performance against a server over HTTP. Sees no storage."""
