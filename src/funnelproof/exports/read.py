"""The rows of an export, in the order of their key, a group at a time: memory does not grow with them."""

from collections.abc import Generator
from typing import Any

from sqlalchemy import ColumnElement, Select, cast, func, select

from funnelproof.campaigns import store as campaigns
from funnelproof.exports.columns import SHAPES, STORED_CLICK, STORED_CONVERSION, Values
from funnelproof.exports.export import Asked, What
from funnelproof.results.figures import AMOUNTS, COUNTERS
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import day_tallies
from funnelproof.storage.stamped import CLICKS, CONVERSIONS, Stamped
from funnelproof.worlds.world import LIVE

GROUP = 5_000


def groups(tx: Transaction, asked: Asked) -> Generator[list[Values], None, None]:
    """Close it: it may have a cursor at the database's server."""
    names = campaigns.all_variant_names(tx, asked.handle)
    shape = SHAPES[asked.what]
    streamed = _statement(tx, asked).execution_options(stream_results=True, yield_per=GROUP)
    with tx.execute(streamed) as found:
        for group in found.partitions(GROUP):
            yield [shape(row, names) for row in group]


def count(tx: Transaction, asked: Asked) -> int:
    """How many there are: for who wants to show how far an export has come."""
    counted = select(func.count()).select_from(_statement(tx, asked).order_by(None).subquery())
    return int(tx.execute(counted).scalar_one())


def _statement(tx: Transaction, asked: Asked) -> Select[Any]:
    if asked.what is What.TALLIES:
        return _tallies(asked)
    stamped, columns = (CLICKS, STORED_CLICK) if asked.what is What.CLICKS else (CONVERSIONS, STORED_CONVERSION)
    return select(*columns).where(*_within(tx, stamped, asked)).order_by(stamped.table.c.world, stamped.id)


def _within(tx: Transaction, of: Stamped, asked: Asked) -> list[ColumnElement[bool]]:
    """Worlds of runs have clocks of their own, and are small: only live rows are found by their ids."""
    where = [of.table.c.handle == asked.handle, of.at >= asked.since, of.at < asked.until]
    if asked.campaign_id is not None:
        where.append(of.table.c.campaign_id == asked.campaign_id)
    if asked.worlds != (LIVE,):
        return [*where, of.table.c.world.in_(asked.worlds)]
    first = of.first_id(tx, asked.handle, LIVE, asked.since)
    return [*where, of.table.c.world == LIVE, of.id >= first, of.id < of.end_id(tx, asked.handle, LIVE, asked.until)]


def _tallies(asked: Asked) -> Select[Any]:
    """Grouped in the order of the key, so that nothing is sorted where one world is asked for."""
    of = day_tallies.c
    keys = (of.campaign_id, of.dimension, of.day, of.value, of.currency)
    sums = [cast(func.sum(of[name]), of[name].type) for name in (*COUNTERS, *AMOUNTS)]
    where: list[ColumnElement[bool]] = [of.handle == asked.handle, of.world.in_(asked.worlds)]
    where += [of.day >= asked.first_day, of.day <= asked.last_day]
    if asked.campaign_id is not None:
        where.append(of.campaign_id == asked.campaign_id)
    return select(*keys, *sums).where(*where).group_by(*keys).order_by(*keys)
