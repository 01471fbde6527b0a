"""A backup is one SQLite file, whatever the engine: every row of one moment, and a manifest to check it by."""
