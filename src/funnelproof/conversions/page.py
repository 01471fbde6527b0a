"""Which conversions a page of the list holds: in the order of an index, so that nothing else is read."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy import text as sql

from funnelproof.clock import Micros
from funnelproof.conversions import store
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import conversions
from funnelproof.storage.stamped import CONVERSIONS
from funnelproof.worlds.world import LIVE

Placed = tuple[str, Conversion]
"""(world, conversion)."""


def page(
    tx: Transaction, handle: str, worlds: Sequence[str], filters: Mapping[str, Any], *, before: str | None, limit: int
) -> list[Placed]:
    """Newest first. `filters`: campaign_id, variant, disposition, since, until; None asks nothing."""
    where = [conversions.c.handle == handle, conversions.c.world.in_(worlds), *_equal(filters), *_arrived(filters)]
    if list(worlds) == [LIVE]:
        where += _between(tx, handle, filters.get("since"), filters.get("until"))
    if before is not None:
        where.append(conversions.c.conversion_id < before)
    columns = (conversions.c.world, conversions.c.conversion_id)
    statement = select(*columns).where(*where).order_by(columns[1].desc()).limit(limit)
    if (index := _index(filters)) is not None:
        statement = statement.with_hint(conversions, f"INDEXED BY {index}", "sqlite")
    found = [(row.world, row.conversion_id) for row in tx.execute(statement)]
    rows = _rows(tx, handle, found)
    return [rows[id_] for _, id_ in found]


def _index(filters: Mapping[str, Any]) -> str | None:
    """None: the key itself."""
    if _is_aside(filters):
        return "ix_conversions_aside" if filters.get("campaign_id") is None else "ix_conversions_campaign_aside"
    return None if filters.get("campaign_id") is None else "ix_conversions_campaign"


def _is_aside(filters: Mapping[str, Any]) -> bool:
    return filters.get("disposition") not in (None, Disposition.COUNTED.value)


def _equal(filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """What is not COUNTED has indexes of its own, which only the condition written out lets either engine take."""
    names = ("campaign_id", "variant", "disposition")
    where = [conversions.c[name] == filters[name] for name in names if filters.get(name) is not None]
    if _is_aside(filters):
        where.append(sql("conversions.disposition <> 'COUNTED'"))
    return where


def _arrived(filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if filters.get("since") is not None:
        where.append(conversions.c.received_at >= filters["since"])
    if filters.get("until") is not None:
        where.append(conversions.c.received_at < filters["until"])
    return where


def _between(tx: Transaction, handle: str, since: Micros | None, until: Micros | None) -> list[ColumnElement[bool]]:
    """Ids outside of which nothing of the stretch lies. Worlds of runs have clocks of their own, and are small."""
    where: list[ColumnElement[bool]] = []
    if since is not None:
        where.append(conversions.c.conversion_id >= CONVERSIONS.first_id(tx, handle, LIVE, since))
    if until is not None:
        where.append(conversions.c.conversion_id < CONVERSIONS.end_id(tx, handle, LIVE, until))
    return where


def _rows(tx: Transaction, handle: str, found: Sequence[tuple[str, str]]) -> dict[str, Placed]:
    rows: dict[str, Placed] = {}
    for world, group in groupby(sorted(found), key=itemgetter(0)):
        own = store.by_ids(tx, handle, world, [id_ for _, id_ in group])
        rows |= {id_: (world, made) for id_, made in own.items()}
    return rows
