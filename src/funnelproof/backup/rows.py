"""Rows from one database into another, table by table in slices: what is read, how it is written, its digest.

Values go as they are stored, text and whole numbers on both engines: column types of ours have no part in it.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, select
from sqlalchemy.dialects import sqlite

from funnelproof.backup.manifest import TABLE as MANIFEST
from funnelproof.storage.migrate import VERSION_TABLE
from funnelproof.storage.schema import day_salts, leases

SLICE = 1000
LEFT_OUT = frozenset({day_salts.name, leases.name})
"""Salts must not outlive their day; leases belong to processes that run."""

Rows = list[tuple[Any, ...]]
Moved = Callable[[str, int], None]
"""Told of each slice: its table, how many rows."""


@dataclass(frozen=True, slots=True)
class Copied:
    rows: int
    sha256: str


def tables_of(connection: Connection) -> list[Table]:
    """What a SQLite file holds of a schema, whichever release's, referred tables first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in {MANIFEST, VERSION_TABLE, *LEFT_OUT}]


def row_count(connection: Connection, tables: list[Table]) -> int:
    return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


def copy(source: Connection, target: Connection, table: Table, moved: Moved) -> Copied:
    write = WRITERS[target.dialect.name]

    def writing() -> Iterator[Rows]:
        for rows in slices(source, table):
            write(target, table, rows)
            yield rows

    return digest(table, writing(), moved)


def look_at(source: Connection, table: Table, moved: Moved) -> Copied:
    """What copying it would come to."""
    return digest(table, slices(source, table), moved)


def slices(source: Connection, table: Table) -> Iterator[Rows]:
    """In the order of the key, never more than a slice in memory."""
    wanted = select(table).order_by(*table.primary_key)
    result = source.execute(wanted, execution_options={"stream_results": True, "yield_per": SLICE})
    for rows in result.partitions():
        yield [tuple(row) for row in rows]


def digest(table: Table, parts: Iterator[Rows], moved: Moved) -> Copied:
    """SHA-256 over the rows as JSON, the same however they are sliced."""
    count, seen = 0, hashlib.sha256()
    for rows in parts:
        count += len(rows)
        text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
        seen.update(text[1:-1].encode() + b",")
        moved(table.name, len(rows))
    return Copied(count, seen.hexdigest())


def _insert(target: Connection, table: Table, rows: Rows) -> None:
    target.exec_driver_sql(_insert_into(table), rows)


@cache
def _insert_into(table: Table) -> str:
    return str(insert(table).compile(dialect=sqlite.dialect()))


def _copy_in(target: Connection, table: Table, rows: Rows) -> None:
    """COPY, several times as fast as INSERT."""
    from psycopg import sql

    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
    driver: Any = target.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as into:
        for row in rows:
            into.write_row(row)


WRITERS: dict[str, Callable[[Connection, Table, Rows], None]] = {"sqlite": _insert, "postgresql": _copy_in}
