"""Proving a day: its rows are counted again, a few at a time, and every event counter of the day must say the same."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Select, select

from funnelproof.clock import Micros
from funnelproof.privacy.day import REVERSALS_OF_A_DAY, LocalDay
from funnelproof.recount import rows
from funnelproof.recount.compare import KEPT_QUARTERS, folded_like
from funnelproof.recount.rows import Scope
from funnelproof.recount.rules import DIMENSIONS, EVENT_COUNTERS, Recount
from funnelproof.recount.sealed import DayFigures, Sums
from funnelproof.storage.database import Database, Row, Transaction
from funnelproof.storage.schema import day_tallies, reversals

BITE = 200
PAUSE_SECONDS = 0.005
CAMPAIGNS_AT_ONCE = 200
Key = tuple[Any, ...]


@dataclass(slots=True)
class Proof:
    """`is_equal`: the rows come to the counters. `is_settled`: no row counts in a quarter hour that is kept still."""

    day: LocalDay
    campaigns: Sequence[str] = ()
    clicks: int = 0
    conversions: int = 0
    reversals: int = 0
    last_received_at: Micros | None = None
    orphans: int = 0
    is_equal: bool = False
    sums: Mapping[str, Sums] = field(default_factory=dict)

    def is_settled(self, now: Micros) -> bool:
        return self.last_received_at is None or self.last_received_at < now - KEPT_QUARTERS


async def prove(database: Database, day: LocalDay) -> Proof:
    """Rows of old days do not change, so they need not be read at one moment; `seal` looks whether all still holds."""
    proof = Proof(day)
    counted = Recount(*day.scope, day.zones, {})

    def count_click(row: Row) -> None:
        counted.count_click(row)
        proof.clicks += 1
        proof.orphans += row["kind"] == "PERSON" and row["first_at"] is None

    def count_conversion(row: Row) -> None:
        counted.count_conversion(row)
        proof.conversions += 1
        proof.last_received_at = max(proof.last_received_at or 0, row["received_at"])

    def count_reversal(row: Row) -> None:
        counted.count_reversal(row)
        proof.reversals += 1

    def bite_of_clicks(tx: Transaction, after: str) -> Sequence[Row]:
        return tx.all(rows.clicks_in(day.scope).where(day.clicks_after(after)).limit(BITE))

    def bite_of_conversions(tx: Transaction, after: str) -> Sequence[Row]:
        return tx.all(rows.conversions_in(day.scope).where(day.conversions_after(after)).limit(BITE))

    await _each(database, bite_of_clicks, count_click, key="click_id", after=day.first_click)
    await _each(database, bite_of_conversions, count_conversion, key="conversion_id", after=day.first_conversion)

    def bite_back(tx: Transaction, after: str) -> Sequence[Row]:
        return tx.all(bite_of_reversals(day, after))

    await _each(database, bite_back, count_reversal, key="reversal_id", after="")
    await database.read(partial(_compare, proof, counted))
    return proof


def bite_of_reversals(day: LocalDay, after: str) -> Select[Any]:
    found = rows.reversals_in(day.scope).where(day.reversals_after(after)).limit(BITE)
    return found.with_hint(reversals, REVERSALS_OF_A_DAY, "sqlite")


async def _each(
    database: Database,
    bite: Callable[[Transaction, str], Sequence[Row]],
    count: Callable[[Row], None],
    *,
    key: str,
    after: str,
) -> None:
    """Every row, in the order of its id. Between bites, others have their turn."""

    def count_bite(after: str, tx: Transaction) -> str | None:
        found = bite(tx, after)
        for row in found:
            count(row)
        return str(found[-1][key]) if len(found) == BITE else None

    last: str | None = after
    while last is not None:
        last = await database.read(partial(count_bite, last))
        await asyncio.sleep(PAUSE_SECONDS)


def _compare(proof: Proof, counted: Recount, tx: Transaction) -> None:
    proof.campaigns = sorted({*_campaigns_with_tallies(tx, proof.day.scope), *(key[2] for key in counted.moves.days)})
    kept = dict(stored_day(tx, proof.day, proof.campaigns))
    made = folded_like(kept, counted.moves.days)
    differs = any(
        kept.get(key, {}).get(name, 0) != made.get(key, {}).get(name, 0)
        for key in kept.keys() | made.keys()
        for name in EVENT_COUNTERS
    )
    proof.is_equal = not differs and not proof.orphans
    proof.sums = figures_of(kept)


def figures_of(stored: Mapping[Key, Mapping[str, int]]) -> dict[str, Sums]:
    figures = DayFigures()
    for key in sorted(stored):
        figures.add(key, stored[key])
    return figures.by_campaign()


def stored_day(tx: Transaction, day: LocalDay, campaigns: Sequence[str]) -> Iterator[tuple[Key, Mapping[str, int]]]:
    """The tallies of one day. Keys begin with the campaign, so each campaign and dimension is one seek."""
    for at in range(0, len(campaigns), CAMPAIGNS_AT_ONCE):
        some = day_tallies.c.campaign_id.in_(campaigns[at : at + CAMPAIGNS_AT_ONCE])
        yield from rows.stored(
            tx, day_tallies, day.scope, some, day_tallies.c.dimension.in_(DIMENSIONS), day_tallies.c.day == day.day
        )


def _campaigns_with_tallies(tx: Transaction, scope: Scope) -> Iterator[str]:
    """Found by leaps along the keys."""
    campaign_id = day_tallies.c.campaign_id
    within = select(campaign_id).where(day_tallies.c.handle == scope[0], day_tallies.c.world == scope[1])
    row = tx.one(within.order_by(campaign_id).limit(1))
    while row is not None:
        yield row["campaign_id"]
        row = tx.one(within.where(campaign_id > row["campaign_id"]).order_by(campaign_id).limit(1))
