"""Links found in files of every kind, held against a tag policy."""
