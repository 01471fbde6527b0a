"""Transport: paths, bytes, gates and problem documents. Knows no feature."""
