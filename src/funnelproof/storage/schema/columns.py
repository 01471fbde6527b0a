"""The column types that both engines share, and the metadata that every table joins.

Text compares by code point (collation C), times are integer microseconds UTC, money is integer minor units, flags are
0 and 1, and what has a shape of its own is canonical JSON in a text column. SQLite tables are STRICT.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, Integer, MetaData, Table, TypeDecorator
from sqlalchemy import Text as SqlText
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
    }
)

Text = SqlText().with_variant(SqlText(collation="C"), "postgresql")
Whole = BigInteger().with_variant(Integer(), "sqlite")


class Flag(TypeDecorator[bool]):
    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:  # noqa: ARG002, FBT001
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:  # noqa: ARG002
        return None if value is None else bool(value)


class Json(TypeDecorator[object]):
    """Canonical JSON text: sorted keys, no blanks."""

    impl = SqlText
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:  # noqa: ARG002
        return None if value is None else json.loads(value)


class Tags(TypeDecorator[dict[str, str]]):
    """The five utm tags as a JSON array in the order of their names, read as a dictionary of those that are there."""

    impl = SqlText
    cache_ok = True
    names = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else tags_text(tuple(value.get(name, "") for name in self.names))

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, str] | None:  # noqa: ARG002
        if value is None:
            return None
        return {name: tag for name, tag in zip(self.names, json.loads(value), strict=False) if tag}


def json_text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@lru_cache(maxsize=4096)
def tags_text(told: tuple[str, ...]) -> str:
    """Tags in the order of their names, as they are stored: none at the end that is empty."""
    last = max((at for at, tag in enumerate(told, 1) if tag), default=0)
    return json.dumps(told[:last], separators=(",", ":"), ensure_ascii=False)


def table(name: str, *items: SchemaItem, clustered: bool = False, ranges_of: str | None = None) -> Table:
    """A STRICT table; `clustered` keeps SQLite's rows in the primary key itself (no second copy of a long key).

    `ranges_of` names a column by whose ranges PostgreSQL keeps the rows in partitions; SQLite has one table.
    """
    partitioned: dict[str, Any] = {"postgresql_partition_by": f"RANGE ({ranges_of})"} if ranges_of else {}
    return Table(name, metadata, *items, sqlite_strict=True, sqlite_with_rowid=not clustered, **partitioned)


def key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True, nullable=False)


def number_key(name: str) -> Column[int]:
    return Column(name, Whole, primary_key=True, nullable=False, autoincrement=False)


def text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def maybe_text(name: str) -> Column[str]:
    return Column(name, Text, nullable=True)


def whole(name: str) -> Column[int]:
    return Column(name, Whole, nullable=False)


def maybe_whole(name: str) -> Column[int]:
    return Column(name, Whole, nullable=True)


def counter(name: str) -> Column[int]:
    return Column(name, Whole, nullable=False, server_default="0")


def flag(name: str) -> Column[bool]:
    return Column(name, Flag, nullable=False)


def tags_column(name: str) -> Column[dict[str, str]]:
    return Column(name, Tags, nullable=True)


def json_column(name: str) -> Column[object]:
    return Column(name, Json, nullable=True)
