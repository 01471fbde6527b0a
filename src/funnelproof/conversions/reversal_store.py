"""Rows of `reversals`."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, insert, select, update
from sqlalchemy import text as sql

from funnelproof.clock import Micros
from funnelproof.conversions.reversal import Reversal, ReversalStatus
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import reversals

REVERSAL = Reversal._fields
KEPT_AS_TOLD = ("reversal_id", "idempotency_key", "told_amount", "occurred_at", "received_at", "reason", "request_id")
CHANGES = tuple(name for name in REVERSAL if name not in KEPT_AS_TOLD)
CHANGE = (
    update(reversals)
    .where(
        reversals.c.handle == bindparam("at_handle"),
        reversals.c.world == bindparam("at_world"),
        reversals.c.reversal_id == bindparam("at_id"),
    )
    .values({name: bindparam(name) for name in CHANGES})
)
IS_WAITING = sql("reversals.status = 'WAITING'")
"""Written out, so that either engine takes the index that was made for it."""


def add(tx: Transaction, handle: str, world: str, reversal: Reversal) -> None:
    tx.execute(insert(reversals).values(handle=handle, world=world, **_row(reversal)))


def change(tx: Transaction, handle: str, world: str, changed: Sequence[Reversal]) -> None:
    rows = [
        {"at_handle": handle, "at_world": world, "at_id": each.reversal_id}
        | {name: value for name, value in _row(each).items() if name in CHANGES}
        for each in sorted(changed)
    ]
    if rows:
        tx.execute(CHANGE, rows)


def find(tx: Transaction, handle: str, world: str, reversal_id: str) -> Reversal | None:
    row = tx.one(select(reversals).where(*_in(handle, world), reversals.c.reversal_id == reversal_id))
    return _reversal(row) if row else None


def of_conversions(
    tx: Transaction, handle: str, world: str, conversion_ids: Collection[str]
) -> dict[str, list[Reversal]]:
    """Those that were applied, by conversion, in the order of their arrival."""
    if not conversion_ids:
        return {}
    found: dict[str, list[Reversal]] = defaultdict(list)
    where = (*_in(handle, world), reversals.c.conversion_id.in_(sorted(conversion_ids)))
    statement = _along("conversion", select(reversals)).where(*where).order_by(reversals.c.reversal_id)
    for row in tx.all(statement):
        found[row["conversion_id"]].append(_reversal(row))
    return found


def awaiting(tx: Transaction, handle: str, world: str, keys: Collection[str]) -> dict[str, list[Reversal]]:
    """Those that wait, by the key of the conversion that they wait for, in the order of their arrival."""
    found: dict[str, list[Reversal]] = defaultdict(list)
    where = (*_in(handle, world), IS_WAITING, reversals.c.conversion_key.in_(sorted(keys)))
    statement = _along("awaiting", select(reversals)).where(*where).order_by(reversals.c.reversal_id)
    for row in tx.all(statement):
        found[row["conversion_key"]].append(_reversal(row))
    return found


def page(
    tx: Transaction, handle: str, worlds: Collection[str], filters: dict[str, Any], *, before: str | None, limit: int
) -> list[tuple[str, Reversal]]:
    """(world, reversal), newest first. `filters`: columns and what they must be; None asks nothing."""
    where: list[ColumnElement[bool]] = [reversals.c.handle == handle, reversals.c.world.in_(sorted(worlds))]
    where += [reversals.c[name] == value for name, value in filters.items() if value is not None]
    if before is not None:
        where.append(reversals.c.reversal_id < before)
    statement = select(reversals).where(*where).order_by(reversals.c.reversal_id.desc()).limit(limit)
    if filters.get("status") == ReversalStatus.WAITING:
        statement = statement.where(IS_WAITING)
    if (index := _index(filters)) is not None:
        statement = _along(index, statement)
    return [(row["world"], _reversal(row)) for row in tx.all(statement)]


def _index(filters: dict[str, Any]) -> str | None:
    """None: the key itself."""
    if filters.get("conversion_id") is not None:
        return "conversion"
    if filters.get("status") == ReversalStatus.WAITING:
        return "waiting"
    return "campaign" if filters.get("campaign_id") is not None else None


def _along(index: str, statement: Select[Any]) -> Select[Any]:
    """SQLite would rather go through all of a handle's reversals in the order of their key."""
    return statement.with_hint(reversals, f"INDEXED BY ix_reversals_{index}", "sqlite")


def _in(handle: str, world: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return reversals.c.handle == handle, reversals.c.world == world


def _row(reversal: Reversal) -> dict[str, Any]:
    return reversal._asdict() | {"status": reversal.status.value}


def _reversal(row: Row) -> Reversal:
    fields = {name: row[name] for name in REVERSAL}
    return Reversal(**fields | {"status": ReversalStatus(fields["status"])})


def waiting_before(tx: Transaction, handle: str, world: str, before: Micros, limit: int) -> list[Micros]:
    """When those arrived that have waited since before a moment, the oldest first."""
    where = (*_in(handle, world), IS_WAITING, reversals.c.received_at < before)
    statement = (
        _along("waiting", select(reversals.c.received_at)).where(*where).order_by(reversals.c.received_at).limit(limit)
    )
    return list(tx.execute(statement).scalars())
