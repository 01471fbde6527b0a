"""Rows of the three tallies: added to under the worker's own slot, summed over slots when read."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, cast, func, select

from funnelproof.storage.bulk import add_rows
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import day_tallies, phase_tallies, quarter_tallies
from funnelproof.tallies.cap import capped
from funnelproof.tallies.move import ALL, Moves

TABLES = (day_tallies, phase_tallies, quarter_tallies)
COLUMNS: Mapping[str, tuple[str, ...]] = {table.name: tuple(table.columns.keys()) for table in TABLES}
COUNTERS: Mapping[str, tuple[str, ...]] = {
    table.name: tuple(column.name for column in table.columns if not column.primary_key) for table in TABLES
}
FUNNEL = COUNTERS[day_tallies.name]


def move(tx: Transaction, moves: Moves) -> None:
    """Add what was collected to the counters, in the transaction of the rows it counts."""
    _add(tx, day_tallies, capped(tx, moves.days))
    _add(tx, phase_tallies, moves.phases)
    quarters = sorted((*key, tx.slot, amount) for key, amount in moves.quarters.items())
    add_rows(tx, quarter_tallies, COLUMNS[quarter_tallies.name], quarters)


def _add(tx: Transaction, table: Table, moved: Mapping[tuple[Any, ...], Mapping[str, int]]) -> None:
    counters = COUNTERS[table.name]
    rows = [(*key, tx.slot, *(amounts.get(name, 0) for name in counters)) for key, amounts in sorted(moved.items())]
    add_rows(tx, table, COLUMNS[table.name], rows)


def funnel_totals(tx: Transaction, handle: str, world: str, campaign_ids: Sequence[str]) -> dict[str, Row]:
    """Funnel counters of all time by campaign, amounts left out."""
    where = (
        *_in_world(day_tallies, handle, world),
        day_tallies.c.campaign_id.in_(campaign_ids),
        day_tallies.c.dimension == ALL,
    )
    return {row["campaign_id"]: row for row in tx.all(_summed(day_tallies, ("campaign_id",), where, FUNNEL))}


def days(
    tx: Transaction,
    *,
    handle: str,
    worlds: Sequence[str],
    campaign_id: str | None,
    dimension: str,
    between: tuple[str, str],
) -> Sequence[Row]:
    """Day rows of one dimension, first and last local day included: (day, value, currency) and every counter."""
    where: list[ColumnElement[bool]] = [
        day_tallies.c.handle == handle,
        day_tallies.c.world.in_(worlds),
        day_tallies.c.dimension == dimension,
        day_tallies.c.day >= between[0],
        day_tallies.c.day <= between[1],
    ]
    if campaign_id is not None:
        where.append(day_tallies.c.campaign_id == campaign_id)
    return tx.all(_summed(day_tallies, ("day", "value", "currency"), where, FUNNEL))


def phases(tx: Transaction, handle: str, world: str, campaign_id: str, epoch: int | None = None) -> Sequence[Row]:
    """Phase rows of a campaign: (epoch, phase, variant, cohort, identity, currency) and every counter."""
    where = [*_in_world(phase_tallies, handle, world), phase_tallies.c.campaign_id == campaign_id]
    if epoch is not None:
        where.append(phase_tallies.c.epoch == epoch)
    keys = ("epoch", "phase", "variant", "cohort", "identity", "currency")
    return tx.all(_summed(phase_tallies, keys, where, COUNTERS["phase_tallies"]))


def entries(tx: Transaction, handle: str, world: str, campaign_id: str, epoch: int) -> int:
    """How many visitors have entered the test in an epoch."""
    rows = phases(tx, handle, world, campaign_id, epoch)
    return sum(row["visitors"] for row in rows if row["cohort"] == "ENTERED")


def _in_world(table: Table, handle: str, world: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.handle == handle, table.c.world == world


def _summed(table: Table, keys: Sequence[str], where: Sequence[ColumnElement[bool]], counters: Sequence[str]) -> Any:
    """Counters summed over what the keys leave out. Sums come back as integers on both engines."""
    sums = [cast(func.sum(table.c[name]), table.c[name].type).label(name) for name in counters]
    columns = [table.c[name] for name in keys]
    return select(*columns, *sums).where(*where).group_by(*columns).order_by(*columns)
