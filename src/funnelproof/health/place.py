"""Whose rows health reads: campaigns of one handle in one world; and how its statements say so."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam

from funnelproof.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Place:
    """Campaigns of one handle, in one world."""

    handle: str
    world: str
    ids: tuple[str, ...]

    @property
    def bound(self) -> dict[str, Any]:
        return {"handle": self.handle, "world": self.world, "ids": list(self.ids)}


def rows_of(tx: Transaction, statement: Select[Any], bound: Row | None = None) -> list[Any]:
    """Plain tuples: mappings would cost more than the query."""
    return list(tx.execute(statement, bound).all())


def in_place(table: Table) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.handle == bindparam("handle"),
        table.c.world == bindparam("world"),
        table.c.campaign_id.in_(bindparam("ids", expanding=True)),
    )
