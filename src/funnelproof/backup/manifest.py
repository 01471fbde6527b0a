"""What a backup says of itself, in a table of its own: from what, when, how many rows, their digests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, inspect

TABLE = "funnelproof_backup"
FORMAT = "1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`secret`: what opens the keys, only if it was asked for."""

    release: str
    revision: str
    engine: str
    made_at: str
    rows: Mapping[str, int]
    sha256: Mapping[str, str]
    secret: str | None = field(default=None, repr=False)


def write(connection: Connection, manifest: Manifest) -> None:
    connection.exec_driver_sql(f"CREATE TABLE {TABLE} (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")
    told = {name: getattr(manifest, name) for name in Manifest.__slots__}
    lines = [("format", FORMAT), *((name, json.dumps(value)) for name, value in told.items() if value is not None)]
    connection.exec_driver_sql(f"INSERT INTO {TABLE} VALUES (?, ?)", lines)  # noqa: S608 - a constant


def read(connection: Connection) -> Manifest | None:
    """None where there is none; ValueError or TypeError if it is not one of this format."""
    if not inspect(connection).has_table(TABLE):
        return None
    lines = {row[0]: row[1] for row in connection.exec_driver_sql(f"SELECT name, value FROM {TABLE}")}  # noqa: S608
    if lines.pop("format", None) != FORMAT:
        raise ValueError("another format")
    made = Manifest(**{name: json.loads(value) for name, value in lines.items()})
    if not isinstance(made.rows, dict) or not isinstance(made.sha256, dict):
        raise ValueError("no table of tables")
    return made
