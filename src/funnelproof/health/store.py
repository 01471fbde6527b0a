"""The rows that health reads: the newest few by an index, standing receipts, links. It writes nothing.

Some conditions are written out (`disposition = 'HELD'`, `uses > 10`), because only so does SQLite take the index that
was made for them. Where it would rather read all conversions of a handle in the order of their key, it is told which.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, Table, bindparam, func, select
from sqlalchemy import text as sql

from funnelproof.clock import DAY, Micros
from funnelproof.conversions import reversal_store
from funnelproof.health.counters import total
from funnelproof.health.evidence import Held, Recent, Waiting
from funnelproof.health.place import Place, in_place, rows_of
from funnelproof.proofs.receipt import StandingReceipt, Verdict
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import (
    campaigns,
    claims,
    clicks,
    conversions,
    day_tallies,
    links,
    quarter_tallies,
    receipts,
    runs,
)
from funnelproof.tallies.move import ALL

NEWEST_CONVERSIONS = 60
HELD_AT_MOST = 1000
WAITING_LONG: Micros = 30 * DAY
BUSY_AT_MOST = 5
COUNTERS = ("clicks", "qualified_clicks", "visitors", "conversions", "converters")


class Totals(NamedTuple):
    """A funnel of all time: a sum for each of `COUNTERS`, and (currency, gross, net) in minor units."""

    counts: tuple[int, ...]
    money: list[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Newest:
    """Where a campaign's newest rows lie; None for none."""

    click_quarter: int | None
    conversion_id: str | None
    held_since: Micros | None
    most_uses: int | None


def _own(table: Table) -> tuple[ColumnElement[bool], ...]:
    """The same, of the campaign in the row outside."""
    return (
        table.c.handle == bindparam("handle"),
        table.c.world == bindparam("world"),
        table.c.campaign_id == campaigns.c.campaign_id,
    )


def _first(statement: Select[Any]) -> ScalarSelect[Any]:
    return statement.limit(1).correlate(campaigns).scalar_subquery()


NEWEST = select(
    campaigns.c.campaign_id,
    _first(
        select(quarter_tallies.c.quarter)
        .where(*_own(quarter_tallies), quarter_tallies.c.subject == "clicks")
        .order_by(quarter_tallies.c.quarter.desc())
    ).label("click_quarter"),
    _first(
        select(conversions.c.conversion_id).where(*_own(conversions)).order_by(conversions.c.conversion_id.desc())
    ).label("conversion_id"),
    _first(
        select(conversions.c.received_at)
        .where(*_own(conversions), sql("conversions.disposition = 'HELD'"))
        .order_by(conversions.c.received_at)
    ).label("held_since"),
    _first(select(claims.c.uses).where(*_own(claims), sql("claims.uses > 10")).order_by(claims.c.uses.desc())).label(
        "most_uses"
    ),
).where(campaigns.c.handle == bindparam("handle"), campaigns.c.campaign_id.in_(bindparam("ids", expanding=True)))


def newest(tx: Transaction, place: Place) -> dict[str, Newest]:
    return {row[0]: Newest(*row[1:]) for row in rows_of(tx, NEWEST, place.bound)}


RECENT = (
    select(*(conversions.c[name] for name in Recent._fields))
    .with_hint(conversions, "INDEXED BY ix_conversions_campaign", "sqlite")
    .where(conversions.c.handle == bindparam("handle"), conversions.c.world == bindparam("world"))
    .where(conversions.c.campaign_id == bindparam("campaign_id"))
    .order_by(conversions.c.conversion_id.desc())
    .limit(NEWEST_CONVERSIONS)
)


def recent(tx: Transaction, place: Place, campaign_id: str) -> tuple[Recent, ...]:
    """The newest conversions of a campaign, whatever became of them, the newest first."""
    bound = {"handle": place.handle, "world": place.world, "campaign_id": campaign_id}
    return tuple(map(Recent._make, rows_of(tx, RECENT, bound)))


def held(tx: Transaction, place: Place, campaign_id: str, since: Micros) -> Held:
    rows = (
        select(conversions.c.conversion_id)
        .with_hint(conversions, "INDEXED BY ix_conversions_campaign_aside", "sqlite")
        .where(conversions.c.handle == place.handle, conversions.c.world == place.world)
        .where(conversions.c.campaign_id == campaign_id, conversions.c.disposition == "HELD")
        .where(sql("conversions.disposition <> 'COUNTED'"))
        .limit(HELD_AT_MOST)
        .subquery()
    )
    count = tx.execute(select(func.count()).select_from(rows)).scalar_one()
    return Held(count, since, HELD_AT_MOST)


def waiting(tx: Transaction, place: Place, at: Micros) -> Waiting:
    """They name a key that nothing was sent with, so no campaign is known of them: they are the handle's."""
    found = reversal_store.waiting_before(tx, place.handle, place.world, at - WAITING_LONG, HELD_AT_MOST)
    return Waiting(len(found), min(found, default=None), HELD_AT_MOST)


def busy_clicks(tx: Transaction, place: Place, campaign_id: str) -> dict[str, int]:
    """The clicks that took most places under the counting rule, by click id; only those above 10."""
    statement = (
        select(claims.c.subject, claims.c.uses)
        .where(claims.c.handle == place.handle, claims.c.world == place.world, claims.c.campaign_id == campaign_id)
        .where(sql("claims.uses > 10"))
        .order_by(claims.c.uses.desc())
        .limit(BUSY_AT_MOST)
    )
    uses = ((subject.partition(":"), count) for subject, count in rows_of(tx, statement))
    return {who: count for (kind, _, who), count in uses if kind == "click"}


LINKS_WITHOUT_CTX = select(links.c.campaign_id, links.c.slug).where(
    links.c.handle == bindparam("handle"),
    links.c.campaign_id.in_(bindparam("ids", expanding=True)),
    links.c.append_ctx == False,  # noqa: E712 - SQL; PostgreSQL has no `IS $1`
)


def links_without_ctx(tx: Transaction, place: Place) -> dict[str, frozenset[str]]:
    """Slugs of each campaign's links that are set to carry no ctx."""
    found: dict[str, set[str]] = {}
    for campaign_id, slug in rows_of(tx, LINKS_WITHOUT_CTX, place.bound):
        found.setdefault(campaign_id, set()).add(slug)
    return {campaign_id: frozenset(slugs) for campaign_id, slugs in found.items()}


_OWN_RECEIPTS = (
    receipts.c.handle == bindparam("handle"),
    receipts.c.campaign_id.in_(bindparam("ids", expanding=True)),
)
_LATEST = (
    select(receipts.c.campaign_id, receipts.c.variant, func.max(receipts.c.run_id).label("run_id"))
    .where(*_OWN_RECEIPTS)
    .group_by(receipts.c.campaign_id, receipts.c.variant)
    .subquery("latest")
)
STANDING = select(receipts).where(
    *_OWN_RECEIPTS, *(receipts.c[name] == _LATEST.c[name] for name in ("campaign_id", "variant", "run_id"))
)


def standing_receipts(tx: Transaction, place: Place) -> dict[str, dict[int, StandingReceipt]]:
    """The newest receipt of each variant, by campaign and variant number. Run ids sort by time."""
    found: dict[str, dict[int, StandingReceipt]] = {}
    for row in tx.all(STANDING, place.bound):
        found.setdefault(row["campaign_id"], {})[row["variant"]] = _standing(row)
    return found


def _standing(row: Row) -> StandingReceipt:
    verdict = Verdict(row["verdict"])
    return StandingReceipt(row["variant"], row["run_id"], verdict, row["config_digest"], row["finished_at"])


def tested_configurations(tx: Transaction, handle: str, run_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """What these runs tested."""
    if not run_ids:
        return {}
    statement = select(runs.c.run_id, runs.c.configuration).where(
        runs.c.handle == handle, runs.c.run_id.in_(sorted(run_ids))
    )
    return {run_id: configuration or {} for run_id, configuration in rows_of(tx, statement)}


def config_digest_of_run(tx: Transaction, handle: str, run_id: str) -> str | None:
    return tx.execute(
        select(runs.c.config_digest).where(runs.c.handle == handle, runs.c.run_id == run_id)
    ).scalar_one_or_none()


NEWEST_CLICK = (
    select(clicks.c.clicked_at)
    .where(clicks.c.handle == bindparam("handle"), clicks.c.world == bindparam("world"))
    .order_by(clicks.c.click_id.desc())
    .limit(1)
)
NEWEST_CONVERSION = (
    select(conversions.c.received_at)
    .where(conversions.c.handle == bindparam("handle"), conversions.c.world == bindparam("world"))
    .order_by(conversions.c.conversion_id.desc())
    .limit(1)
)


def newest_stored(tx: Transaction, place: Place) -> Micros | None:
    """When the newest event of the handle was stored; ids sort by time."""
    bound = {"handle": place.handle, "world": place.world}
    times = [tx.execute(statement, bound).scalar_one_or_none() for statement in (NEWEST_CLICK, NEWEST_CONVERSION)]
    return max((at for at in times if at is not None), default=None)


_OF_DAYS = day_tallies.c
_WHOLE_FUNNEL = (*in_place(day_tallies), _OF_DAYS.dimension == ALL)
FUNNELS = (
    select(_OF_DAYS.campaign_id, *(total(_OF_DAYS[name]) for name in COUNTERS))
    .where(*_WHOLE_FUNNEL, _OF_DAYS.currency == "")
    .group_by(_OF_DAYS.campaign_id)
)
MONEY = (
    select(_OF_DAYS.campaign_id, _OF_DAYS.currency, *(total(_OF_DAYS[name]) for name in ("gross_minor", "net_minor")))
    .where(*_WHOLE_FUNNEL, _OF_DAYS.currency != "")
    .group_by(_OF_DAYS.campaign_id, _OF_DAYS.currency)
    .order_by(_OF_DAYS.campaign_id, _OF_DAYS.currency)
)
"""Apart from the funnels, so that those come in the order of the key and need no sorting."""


def funnels(tx: Transaction, handle: str, world: str, ids: Sequence[str]) -> dict[str, Totals]:
    """By campaign id; a campaign without events has zeros."""
    bound = Place(handle, world, tuple(ids)).bound
    found = {campaign_id: Totals((0,) * len(COUNTERS), []) for campaign_id in ids}
    for campaign_id, *sums in rows_of(tx, FUNNELS, bound):
        found[campaign_id] = Totals(tuple(sums), [])
    for campaign_id, *money in rows_of(tx, MONEY, bound):
        found[campaign_id].money.append((money[0], money[1], money[2]))
    return found
