"""Many rows in one statement, for the hot path: tuples in, SQL text made once for each engine.

SQLite takes rows one after another within one call; PostgreSQL takes one array for each column. Rows are sorted by
their key and no key comes twice, so no two groups deadlock. Names of tables and columns are those of the schema.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Integer, Table

from funnelproof.storage.database import Transaction
from funnelproof.storage.schema.columns import Flag

Values = tuple[Any, ...]
Names = tuple[str, ...]
At = Mapping[str, Any]
"""Columns and the values that a statement is confined to: `handle` first."""
CHUNKS = (128, 32, 8, 1)
"""How many rows one SQLite statement answers for: few sizes, so that the statements stay prepared."""


def insert_rows(tx: Transaction, table: Table, names: Names, rows: Sequence[Values]) -> None:
    """Rows that are surely new."""
    if rows:
        _many(tx, _insert(table, tx.dialect, names, ""), rows)


def insert_new_rows(tx: Transaction, table: Table, names: Names, rows: Sequence[Values]) -> int:
    """Insert what is not there yet; answer how many were new."""
    if not rows:
        return 0
    return _many(tx, _insert(table, tx.dialect, names, " ON CONFLICT DO NOTHING"), rows)


def add_rows(tx: Transaction, table: Table, names: Names, rows: Sequence[Values]) -> None:
    """Insert counters, or add to those under the same key."""
    if rows:
        _many(tx, _insert(table, tx.dialect, names, _adding(table, names)), rows)


def add_rows_returning(tx: Transaction, table: Table, names: Names, rows: Sequence[Values]) -> list[Values]:
    """The same, and the rows of `names` as they stand afterwards."""
    ending = f"{_adding(table, names)} RETURNING {', '.join(names)}"
    if tx.dialect == "postgresql":
        return _fetched(tx, _insert(table, tx.dialect, names, ending), _columns(rows)) if rows else []
    answers: list[Values] = []
    for chunk in _chunks(rows):
        text = _insert_values(table, names, ending, len(chunk))
        answers += _fetched(tx, text, tuple(chain.from_iterable(chunk)))
    return answers


def change_rows(tx: Transaction, table: Table, names: Names, rows: Sequence[Values], *, changed: Names) -> None:
    """Rows that are surely there, given whole: what is `changed` in them is written, found by their key.

    An upsert, because it goes by the unique index whatever a planner believes of a table it has not looked at yet:
    an update that joins the same rows was seen to read the whole of a young table for each of them.
    """
    if rows:
        _many(tx, _insert(table, tx.dialect, names, _changing(table, changed)), rows)


def rows_among(
    tx: Transaction, table: Table, names: Names, *, at: At, within: str, values: Collection[Any], ending: str = ""
) -> list[Values]:
    """Rows of the scope `at` whose column `within` is one of the values."""
    if not values:
        return []
    text, wanted = _select_among(table, tx.dialect, names, tuple(at), within, ending), sorted(values)
    told: Any = wanted if tx.dialect == "postgresql" else json.dumps(wanted)
    return _fetched(tx, text, (*at.values(), told))


def _many(tx: Transaction, text: str, rows: Sequence[Values]) -> int:
    """How many rows it wrote."""
    if tx.dialect == "postgresql":
        tx.cursor.execute(text, _columns(rows))
    else:
        tx.cursor.executemany(text, rows)
    return int(tx.cursor.rowcount)


def _fetched(tx: Transaction, text: str, values: Values) -> list[Values]:
    tx.cursor.execute(text, values)
    return list(tx.cursor.fetchall())


def _columns(rows: Sequence[Values]) -> Values:
    return tuple(map(list, zip(*rows, strict=True)))


def _chunks(rows: Sequence[Values]) -> Iterator[Sequence[Values]]:
    at = 0
    for size in CHUNKS:
        while len(rows) - at >= size:
            yield rows[at : at + size]
            at += size


@cache
def _insert(table: Table, dialect: str, names: Names, ending: str) -> str:
    if dialect == "postgresql":
        return f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM {_unnested(table, names)}{ending}"
    return _insert_values(table, names, ending, 1)


@cache
def _insert_values(table: Table, names: Names, ending: str, count: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {', '.join([row] * count)}{ending}"


@cache
def _adding(table: Table, names: Names) -> str:
    keys = [column.name for column in table.primary_key]
    sums = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in names if name not in keys)
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sums}"


@cache
def _changing(table: Table, changed: Names) -> str:
    keys = ", ".join(column.name for column in table.primary_key)
    return f" ON CONFLICT ({keys}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in changed)}"


@cache
def _select_among(table: Table, dialect: str, names: Names, scope: Names, within: str, ending: str) -> str:
    mark, among = ("%s", "= ANY(%s)") if dialect == "postgresql" else ("?", "IN (SELECT value FROM json_each(?))")
    where = [*(f"{name} = {mark}" for name in scope), f"{within} {among}"]
    return f"SELECT {', '.join(names)} FROM {table.name} WHERE {' AND '.join(where)}{ending}"


def _unnested(table: Table, names: Names) -> str:
    return f"unnest({', '.join(f'%s::{_array_of(table, name)}[]' for name in names)})"


def _array_of(table: Table, name: str) -> str:
    kind = table.c[name].type
    if isinstance(kind, Flag):
        return "integer"
    return "bigint" if isinstance(kind, Integer) else "text"
