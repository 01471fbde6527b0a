"""Backups that released versions made of an installation which lived through what tests/test_recount.py does.

`{schema}.sql.gz` is the SQL of one such file. A release with a new schema adds its own; those that are here stay.
"""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

DUMPS = Path(__file__).parent
SCHEMAS = sorted(path.name.partition(".")[0] for path in DUMPS.glob("*.sql.gz"))


def unpack(schema: str, file: Path) -> None:
    """The backup as it was made."""
    with closing(sqlite3.connect(file)) as made:
        made.executescript(gzip.decompress((DUMPS / f"{schema}.sql.gz").read_bytes()).decode())
