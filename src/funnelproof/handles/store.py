"""Rows of `handles` and `handle_zones`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from funnelproof.handles.handle import ConsentDefault, Handle, ZoneFrom
from funnelproof.storage import changes
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import handle_zones, handles, memberships
from funnelproof.storage.statements import insert_new

COLUMNS = tuple(column.name for column in handles.columns)


def add(tx: Transaction, handle: Handle) -> bool:
    """False if there is one of this name."""
    row = {name: getattr(handle, name) for name in COLUMNS}
    if not insert_new(tx, handles, [{**row, "consent_default": handle.consent_default.value}], returning=["handle"]):
        return False
    _write_zones(tx, handle)
    changes.bump(tx, handle.handle)
    return True


def replace(tx: Transaction, handle: Handle) -> None:
    row: dict[str, Any] = {name: getattr(handle, name) for name in COLUMNS if name not in {"handle", "created_at"}}
    row["consent_default"] = handle.consent_default.value
    tx.execute(update(handles).where(handles.c.handle == handle.handle).values(row))
    tx.execute(delete(handle_zones).where(handle_zones.c.handle == handle.handle))
    _write_zones(tx, handle)
    changes.bump(tx, handle.handle)


def _write_zones(tx: Transaction, handle: Handle) -> None:
    rows = [{"handle": handle.handle, "from_at": zone.from_at, "time_zone": zone.time_zone} for zone in handle.zones]
    tx.execute(insert(handle_zones), rows)


def find(tx: Transaction, handle: str, *, to_change: bool = False) -> Handle | None:
    """`to_change` locks the row until the transaction ends."""
    statement = select(handles).where(handles.c.handle == handle)
    found = _with_zones(tx, tx.all(statement.with_for_update() if to_change else statement))
    return found[0] if found else None


def after(tx: Transaction, name: str) -> Row | None:
    """(handle, retention_days) of the next handle in the order of their names."""
    statement = select(handles.c.handle, handles.c.retention_days).where(handles.c.handle > name)
    return tx.one(statement.order_by(handles.c.handle).limit(1))


def of_member(tx: Transaction, user_id: str, *, after: tuple[Any, ...] | None, rows: int) -> list[Handle]:
    """The handles in which a person has a part, newest first."""
    statement = (
        select(handles)
        .join(memberships, memberships.c.handle == handles.c.handle)
        .where(memberships.c.user_id == user_id)
        .order_by(handles.c.created_at.desc(), handles.c.handle.desc())
    )
    return _with_zones(tx, tx.all(_further(statement, after).limit(rows)))


def _further(statement: Select[Any], after: tuple[Any, ...] | None) -> Select[Any]:
    if after is None:
        return statement
    created_at, name = handles.c.created_at, handles.c.handle
    return statement.where((created_at < after[0]) | ((created_at == after[0]) & (name < after[1])))


def _with_zones(tx: Transaction, rows: Sequence[Row]) -> list[Handle]:
    names = [row["handle"] for row in rows]
    found = select(handle_zones).where(handle_zones.c.handle.in_(names)).order_by(handle_zones.c.from_at)
    zones: dict[str, list[ZoneFrom]] = {name: [] for name in names}
    for row in tx.all(found):
        zones[row["handle"]].append(ZoneFrom(row["from_at"], row["time_zone"]))
    return [
        Handle(**{**row, "consent_default": ConsentDefault(row["consent_default"])}, zones=tuple(zones[row["handle"]]))
        for row in rows
    ]
