"""Rows of `clicks` and of the visitors' `ledger`."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, func, select

from funnelproof.clicks.assignment import Decision, Standing
from funnelproof.clicks.visit import Visit
from funnelproof.clicks.visitor import Identity
from funnelproof.clock import Micros
from funnelproof.links.ctx import Cohort
from funnelproof.storage.bulk import change_rows, insert_new_rows, insert_rows, rows_among
from funnelproof.storage.database import Row, RunAgain, Transaction
from funnelproof.storage.schema import clicks, ledger
from funnelproof.storage.schema.columns import tags_text

VisitorRef = tuple[str, str]
STANDING = Standing._fields
COUNTED = ("conversions", "test_conversions", "refunds", "test_refunds")
CHANGES = ("cohort", "epoch", "phase", "variant", "entered_at", "arrived_at", *COUNTED)


class ClickPlace(NamedTuple):
    country: str
    device: str
    referrer: str
    source: str


CLICK = tuple(column.name for column in clicks.columns)


def lock_standings(
    tx: Transaction, handle: str, world: str, refs: Collection[VisitorRef]
) -> dict[VisitorRef, Standing]:
    """Ledger rows by (campaign, visitor), held until this transaction ends, in key order."""
    visitors: dict[str, list[str]] = defaultdict(list)
    for campaign_id, visitor in refs:
        visitors[campaign_id].append(visitor)
    ending = " ORDER BY visitor FOR UPDATE" if tx.dialect == "postgresql" else ""
    found: dict[VisitorRef, Standing] = {}
    for campaign_id in sorted(visitors):
        at = {"handle": handle, "world": world, "campaign_id": campaign_id}
        wanted = visitors[campaign_id]
        for row in rows_among(tx, ledger, STANDING, at=at, within="visitor", values=wanted, ending=ending):
            found[row[0], row[1]] = _standing(row)
    return found


def find_standing(tx: Transaction, handle: str, world: str, ref: VisitorRef) -> Standing | None:
    """A visitor's ledger row by (campaign, visitor), only to be read."""
    campaign_id, visitor = ref
    where = (ledger.c.handle == handle, ledger.c.world == world, ledger.c.campaign_id == campaign_id)
    columns = [ledger.c[name] for name in STANDING]
    row = tx.execute(select(*columns).where(*where, ledger.c.visitor == visitor)).one_or_none()
    return _standing(row) if row else None


def add_standings(tx: Transaction, handle: str, world: str, standings: Sequence[Standing]) -> None:
    """New visitors. If another process met one of them first, the whole transaction runs again and finds it."""
    rows = sorted((handle, world, *_standing_row(standing)) for standing in standings)
    if insert_new_rows(tx, ledger, ("handle", "world", *STANDING), rows) != len(rows):
        raise RunAgain("another process met the same visitor first")


def change_standings(tx: Transaction, handle: str, world: str, standings: Sequence[Standing]) -> None:
    rows = sorted((handle, world, *_standing_row(standing)) for standing in standings)
    change_rows(tx, ledger, ("handle", "world", *STANDING), rows, changed=CHANGES)


def add_clicks(tx: Transaction, rows: Sequence[tuple[Any, ...]]) -> None:
    insert_rows(tx, clicks, CLICK, sorted(rows))


def click_row(visit: Visit, decision: Decision) -> tuple[Any, ...]:
    """The columns of `clicks` in their order."""
    link, visitor = visit.route.link, visit.visitor
    return (
        link.handle,
        visit.world,
        visit.click_id,
        visit.route.campaign_id,
        link.slug,
        decision.variant,
        decision.cohort._value_,
        decision.epoch,
        decision.phase,
        visitor.key,
        visitor.consent._value_,
        visit.kind._value_,
        visit.at,
        visit.country,
        visit.device,
        visit.referrer,
        visit.source,
        tags_text(visit.tags),
        int(link.append_ctx),
        visit.request_id,
    )


def by_variant(tx: Transaction, handle: str, world: str, campaign_id: str) -> dict[int, Row]:
    """`clicks`, those `without_ctx` and the newest `click_id` for each variant of a campaign.

    For the small worlds of runs: live clicks have no such index.
    """
    where = (clicks.c.handle == handle, clicks.c.world == world, clicks.c.campaign_id == campaign_id)
    without_ctx = func.count().filter(clicks.c.with_ctx == 0).label("without_ctx")
    newest = func.max(clicks.c.click_id).label("click_id")
    told = select(clicks.c.variant, func.count().label("clicks"), without_ctx, newest).where(*where)
    return {row["variant"]: row for row in tx.all(told.group_by(clicks.c.variant))}


def is_known(tx: Transaction, handle: str, world: str, ref: VisitorRef) -> bool:
    """Whether a visitor, by (campaign, visitor), has a row in the ledger."""
    campaign_id, visitor = ref
    where = (ledger.c.handle == handle, ledger.c.world == world, ledger.c.campaign_id == campaign_id)
    return tx.one(select(ledger.c.visitor).where(*where, ledger.c.visitor == visitor)) is not None


def in_both(tx: Transaction, handle: str, world: str, other: str) -> int:
    """How many clicks, and visitors of one campaign, two worlds share by their ids: none should be."""
    mine, theirs = clicks.alias(), clicks.alias()
    same_click = (theirs.c.handle == handle, theirs.c.world == other, theirs.c.click_id == mine.c.click_id)
    of_clicks = select(func.count()).select_from(mine).join(theirs, and_(*same_click))
    met, known = ledger.alias(), ledger.alias()
    same_visitor = (known.c.campaign_id == met.c.campaign_id, known.c.visitor == met.c.visitor)
    of_visitors = (
        select(func.count())
        .select_from(met)
        .join(known, and_(known.c.handle == handle, known.c.world == other, *same_visitor))
    )
    shared = of_clicks.where(mine.c.handle == handle, mine.c.world == world)
    both_met = of_visitors.where(met.c.handle == handle, met.c.world == world)
    return int(tx.execute(shared).scalar_one() + tx.execute(both_met).scalar_one())


def newest_at(tx: Transaction, handle: str, world: str) -> Micros | None:
    """When the newest click of a world was stored, by the real clock: its id is a UUIDv7."""
    where = (clicks.c.handle == handle, clicks.c.world == world)
    newest_id: str | None = tx.execute(select(func.max(clicks.c.click_id)).where(*where)).scalar_one()
    return int(newest_id[4:16], 16) * 1000 if newest_id else None


def places_of(tx: Transaction, handle: str, world: str, ids: Collection[str]) -> dict[str, ClickPlace]:
    """From where clicks came, by their ids."""
    names, at = ("click_id", *ClickPlace._fields), {"handle": handle, "world": world}
    return {row[0]: ClickPlace(*row[1:]) for row in rows_among(tx, clicks, names, at=at, within="click_id", values=ids)}


def find_clicks(tx: Transaction, handle: str, world: str, ids: Collection[str]) -> dict[str, Row]:
    where = (clicks.c.handle == handle, clicks.c.world == world, clicks.c.click_id.in_(sorted(ids)))
    return {row["click_id"]: row for row in tx.all(select(clicks).where(*where))}


def find_click(tx: Transaction, handle: str, world: str, click_id: str) -> Row | None:
    return tx.one(
        select(clicks).where(clicks.c.handle == handle, clicks.c.world == world, clicks.c.click_id == click_id)
    )


def _standing_row(standing: Standing) -> tuple[Any, ...]:
    """Plain texts in place of members: the driver would look for an adapter of each."""
    return (*standing[:2], standing.cohort._value_, *standing[3:6], standing.identity._value_, *standing[7:])


def _standing(row: Sequence[Any]) -> Standing:
    campaign_id, visitor, cohort, epoch, phase, variant, identity, *others = row
    return Standing(campaign_id, visitor, Cohort(cohort), epoch, phase, variant, Identity(identity), *others)
