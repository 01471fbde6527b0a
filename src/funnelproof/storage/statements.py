"""The three writes that need more than plain SQL, said once for both engines."""

from collections.abc import Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

from funnelproof.storage.database import Row, Transaction

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_new(tx: Transaction, table: Table, rows: Sequence[Row], *, returning: Sequence[str]) -> set[tuple[Any, ...]]:
    """Insert what is not there yet; answer which rows are new, told by the `returning` columns."""
    if not rows:
        return set()
    answer = tx.execute(_insert_new(table, tx.dialect, tuple(returning)), _sorted(table, rows))
    return {tuple(row) for row in answer}


def add_up(tx: Transaction, table: Table, rows: Sequence[Row]) -> None:
    """Insert counters, or add to those under the same key. Sorted by key, so that no two groups deadlock."""
    if rows:
        names = tuple(rows[0])
        tx.execute(_add_up(table, tx.dialect, names, ()), _sorted(table, rows))


def add_up_returning(tx: Transaction, table: Table, rows: Sequence[Row]) -> list[Row]:
    """The same, and the counters as they stand afterwards."""
    if not rows:
        return []
    columns = tuple(column.name for column in table.columns)
    answer = tx.execute(_add_up(table, tx.dialect, tuple(rows[0]), columns), _sorted(table, rows))
    return cast("list[Row]", list(answer.mappings()))


@cache
def _insert_new(table: Table, dialect: str, returning: tuple[str, ...]) -> Insert:
    statement: Insert = INSERTS[dialect](table).on_conflict_do_nothing()
    return statement.returning(*(table.c[name] for name in returning))


@cache
def _add_up(table: Table, dialect: str, names: tuple[str, ...], returning: tuple[str, ...]) -> Insert:
    statement: Any = INSERTS[dialect](table)
    keys = [column.name for column in table.primary_key]
    sums = {name: table.c[name] + statement.excluded[name] for name in names if name not in keys}
    upsert: Insert = statement.on_conflict_do_update(index_elements=keys, set_=sums)
    return upsert.returning(*(table.c[name] for name in returning)) if returning else upsert


def _sorted(table: Table, rows: Sequence[Row]) -> list[Row]:
    keys = [column.name for column in table.primary_key]
    return sorted(rows, key=lambda row: [row[name] for name in keys])
