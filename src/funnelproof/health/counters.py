"""The tallies as health reads them, for many campaigns of a handle at once; no read grows with the number of events."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import bindparam, cast, func, select

from funnelproof.health.evidence import Day, Entries, Flow, ReusedKey
from funnelproof.health.place import Place, in_place, rows_of
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import day_tallies, phase_tallies, phases, quarter_tallies, sample_ratio_alarms
from funnelproof.tallies.move import ALL

KEYS_SHOWN = 5
WHOLE = quarter_tallies.c.amount.type


def total(column: Any) -> Any:
    """A sum that comes back as an integer on both engines."""
    return cast(func.sum(column), WHOLE)


_AT = (
    quarter_tallies.c.handle == bindparam("handle"),
    quarter_tallies.c.world == bindparam("world"),
    quarter_tallies.c.campaign_id == bindparam("campaign_id"),
)
_KEY = quarter_tallies.c.subject.concat(" ").concat(quarter_tallies.c.name).label("key")
"""One text is sorted in less than half the time of two; no subject has a blank in it."""
AMOUNTS = (
    select(_KEY, total(quarter_tallies.c.amount))
    .where(*_AT, quarter_tallies.c.quarter.between(bindparam("first"), bindparam("last")))
    .group_by(_KEY)
)


def amounts(tx: Transaction, place: Place, first: int, last: int) -> dict[str, dict[tuple[str, str], int]]:
    """Sums over the quarter hours from first to last, by (subject, name); of reused keys only how many."""
    at = {"handle": place.handle, "world": place.world, "first": first, "last": last}
    return {campaign_id: _amounts(tx, {**at, "campaign_id": campaign_id}) for campaign_id in place.ids}


def _amounts(tx: Transaction, bound: dict[str, Any]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for key, amount in rows_of(tx, AMOUNTS, bound):
        subject, _, name = key.partition(" ")
        own = (subject, "" if subject == "key_reused" else name)
        found[own] = found.get(own, 0) + amount
    return found


@dataclass(frozen=True, slots=True)
class Stretch:
    """One subject of one campaign over quarter hours from first to last."""

    campaign_id: str
    subject: str
    first: int
    last: int


SUM = (
    select(total(quarter_tallies.c.amount))
    .where(*_AT, quarter_tallies.c.quarter.between(bindparam("first"), bindparam("last")))
    .where(quarter_tallies.c.subject == bindparam("subject"))
)


def summed(tx: Transaction, place: Place, stretches: Collection[Stretch]) -> dict[Stretch, int]:
    """The sum over each stretch; each is read by its own range of the key."""
    at = {"handle": place.handle, "world": place.world}
    return {own: tx.execute(SUM, {**at, **asdict(own)}).scalar_one() or 0 for own in stretches if own.first <= own.last}


def reused_keys(tx: Transaction, place: Place, campaign_id: str, first: int) -> tuple[ReusedKey, ...]:
    """The keys that were reused most since a quarter hour."""
    count = total(quarter_tallies.c.amount).label("count")
    statement = (
        select(quarter_tallies.c.name, count)
        .where(quarter_tallies.c.handle == place.handle, quarter_tallies.c.world == place.world)
        .where(quarter_tallies.c.campaign_id == campaign_id, quarter_tallies.c.quarter >= first)
        .where(quarter_tallies.c.subject == "key_reused")
        .group_by(quarter_tallies.c.name)
        .order_by(count.desc(), quarter_tallies.c.name)
        .limit(KEYS_SHOWN)
    )
    split = [(name.partition("|"), times) for name, times in rows_of(tx, statement)]
    return tuple(ReusedKey(key, tuple(differs.split()), times) for (differs, _, key), times in split)


def was_counted(tx: Transaction, place: Place, campaign_id: str, subject: str) -> bool:
    """Whether a subject was counted at all, as far back as quarter hours are kept."""
    statement = (
        select(quarter_tallies.c.quarter)
        .where(quarter_tallies.c.handle == place.handle, quarter_tallies.c.world == place.world)
        .where(quarter_tallies.c.campaign_id == campaign_id)
        .where(quarter_tallies.c.subject == subject)
        .order_by(quarter_tallies.c.quarter.desc())
        .limit(1)
    )
    return tx.execute(statement).first() is not None


DAY_COUNTERS = ("clicks", "qualified_clicks", "bot_clicks", "visitors", "conversions", "converters")
DAYS = (
    select(
        day_tallies.c.campaign_id,
        day_tallies.c.day,
        *(total(day_tallies.c[name]).label(name) for name in DAY_COUNTERS),
    )
    .where(*in_place(day_tallies), day_tallies.c.day.in_(bindparam("days", expanding=True)))
    .where(day_tallies.c.dimension == ALL, day_tallies.c.value == "", day_tallies.c.currency == "")
    .group_by(day_tallies.c.campaign_id, day_tallies.c.day)
    .order_by(day_tallies.c.campaign_id, day_tallies.c.day)
)


def days(tx: Transaction, place: Place, wanted: Sequence[str]) -> dict[str, list[Day]]:
    """The funnel of these local days, in order; days without events are left out."""
    found: dict[str, list[Day]] = {}
    for campaign_id, *counters in rows_of(tx, DAYS, {**place.bound, "days": list(wanted)}):
        found.setdefault(campaign_id, []).append(Day(*counters))
    return found


FLOWS = (
    select(
        day_tallies.c.campaign_id,
        day_tallies.c.value,
        total(day_tallies.c.qualified_clicks),
        total(day_tallies.c.conversions),
    )
    .where(*in_place(day_tallies), day_tallies.c.day.in_(bindparam("days", expanding=True)))
    .where(day_tallies.c.dimension == "variant", day_tallies.c.currency == "")
    .group_by(day_tallies.c.campaign_id, day_tallies.c.value)
)


def flows(tx: Transaction, place: Place, wanted: Sequence[str]) -> dict[str, dict[int, Flow]]:
    """Clicks by people and counted conversions of these days, by variant number."""
    found: dict[str, dict[int, Flow]] = {}
    for campaign_id, number, qualified, converted in rows_of(tx, FLOWS, {**place.bound, "days": list(wanted)}):
        if number.isascii() and number.isdigit():
            found.setdefault(campaign_id, {})[int(number)] = Flow(qualified, converted)
    return found


ENTRIES = (
    select(
        *(phase_tallies.c[name] for name in ("campaign_id", "epoch", "phase", "variant")),
        *(total(phase_tallies.c[name]) for name in ("visitors", "arrived", "converters")),
    )
    .where(*in_place(phase_tallies), phase_tallies.c.cohort == "ENTERED", phase_tallies.c.currency == "")
    .group_by(*(phase_tallies.c[name] for name in ("campaign_id", "epoch", "phase", "variant")))
)


def entries(tx: Transaction, place: Place) -> dict[tuple[str, int, int], dict[int, Entries]]:
    """Who entered, by (campaign, epoch, phase) and variant number."""
    found: dict[tuple[str, int, int], dict[int, Entries]] = {}
    for campaign_id, epoch, phase, variant, *counters in rows_of(tx, ENTRIES, place.bound):
        found.setdefault((campaign_id, epoch, phase), {})[variant] = Entries(*counters)
    return found


SPLITS = select(phases.c.campaign_id, phases.c.epoch, phases.c.phase, phases.c.open_buckets).where(*in_place(phases))


def splits(tx: Transaction, place: Place) -> dict[tuple[str, int, int], dict[int, int]]:
    """Open buckets by variant number, for each (campaign, epoch, phase)."""
    rows = rows_of(tx, SPLITS, place.bound)
    return {
        (campaign_id, epoch, phase): {int(number): count for number, count in (buckets or {}).items()}
        for campaign_id, epoch, phase, buckets in rows
    }


ALARMS = select(*(sample_ratio_alarms.c[name] for name in ("campaign_id", "epoch", "phase", "closed_at"))).where(
    sample_ratio_alarms.c.handle == bindparam("handle"),
    sample_ratio_alarms.c.campaign_id.in_(bindparam("ids", expanding=True)),
)


def alarms(tx: Transaction, place: Place) -> dict[tuple[str, int, int], bool]:
    """Whether the alarm about a split is still open, for each (campaign, epoch, phase) that raised one."""
    rows = rows_of(tx, ALARMS, {"handle": place.handle, "ids": list(place.ids)})
    return {(campaign_id, epoch, phase): closed_at is None for campaign_id, epoch, phase, closed_at in rows}
