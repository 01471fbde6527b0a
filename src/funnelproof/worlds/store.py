"""Rows of `worlds` and `world_numbers`."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import insert, select, update

from funnelproof.clock import Micros
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import world_numbers, worlds
from funnelproof.storage.statements import add_up_returning
from funnelproof.worlds.route import Snapshot
from funnelproof.worlds.world import World

SNAPSHOTS = TypeAdapter(Snapshot)


def find(tx: Transaction, handle: str, world: str) -> World | None:
    row = tx.one(select(worlds).where(worlds.c.handle == handle, worlds.c.world == world))
    return _world(row) if row else None


def lock(tx: Transaction, handle: str, world: str) -> World | None:
    row = tx.one(select(worlds).where(worlds.c.handle == handle, worlds.c.world == world).with_for_update())
    return _world(row) if row else None


def by_numbers(tx: Transaction, handle: str, numbers: set[int]) -> dict[int, World]:
    rows = tx.all(select(worlds).where(worlds.c.handle == handle, worlds.c.number.in_(sorted(numbers))))
    return {row["number"]: _world(row) for row in rows}


def next_number(tx: Transaction, handle: str) -> int:
    """A number that no world of this handle ever had."""
    (row,) = add_up_returning(tx, world_numbers, [{"handle": handle, "last_number": 1}])
    return int(row["last_number"])


def add(tx: Transaction, world: World) -> None:
    tx.execute(insert(worlds).values(**_row(world)))


def replace(tx: Transaction, world: World) -> None:
    tx.execute(
        update(worlds).where(worlds.c.handle == world.handle, worlds.c.world == world.world).values(**_row(world))
    )


def opened_for(tx: Transaction, handle: str, campaign_id: str) -> list[str]:
    """The worlds of a campaign's runs."""
    return [
        row["world"]
        for row in tx.all(select(worlds.c.world).where(worlds.c.handle == handle, worlds.c.campaign_id == campaign_id))
    ]


def names_of(tx: Transaction, handle: str) -> list[str]:
    """The worlds of all runs of a handle."""
    return [row["world"] for row in tx.all(select(worlds.c.world).where(worlds.c.handle == handle))]


def advance(tx: Transaction, handle: str, world: str, clock_at: Micros) -> None:
    tx.execute(update(worlds).where(worlds.c.handle == handle, worlds.c.world == world).values(clock_at=clock_at))


def _row(world: World) -> dict[str, Any]:
    row = {name: getattr(world, name) for name in World.__slots__}
    return row | {"snapshot": SNAPSHOTS.dump_python(world.snapshot, mode="json")}


def _world(row: Row) -> World:
    fields = {name: row[name] for name in World.__slots__}
    return World(**fields | {"snapshot": SNAPSHOTS.validate_python(fields["snapshot"])})
