"""What clicks and visitors move in the tallies. Clicks of a group that count alike are counted together."""

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from funnelproof.clicks.assignment import Decision, Kind, Standing
from funnelproof.clicks.visit import Visit
from funnelproof.clicks.visitor import Identity
from funnelproof.clock import local_day
from funnelproof.handles.handle import Handle
from funnelproof.links.ctx import Cohort
from funnelproof.links.link import UTM_TAGS, Tags
from funnelproof.tallies.move import QUARTER, Moves, PhaseKey, Place
from funnelproof.worlds.route import Route

Entry = tuple[Cohort, int, int, Identity, bool]
"""(cohort, epoch, phase, identity, whether it enters the test): as what a visitor is met for the first time."""


class Alike(NamedTuple):
    """All that decides where a click is counted. `met` is None unless the click is its visitor's first."""

    route: Route
    kind: Kind
    variant: int
    country: str
    device: str
    referrer: str
    source: str
    is_returning: bool
    quarter: int
    missing: tuple[str, ...]
    met: Entry | None


class ClickCounts:
    """The clicks of one group, in one world of one handle."""

    def __init__(self, handle: str, world: str) -> None:
        self._scope = handle, world
        self._alike: Counter[Alike] = Counter()
        self._moves = Moves()

    def add(self, visit: Visit, decision: Decision, *, is_returning: bool, is_met: bool) -> None:
        met = (decision.cohort, decision.epoch, decision.phase, visit.visitor.identity, decision.enters)
        self._alike[
            Alike(
                visit.route,
                visit.kind,
                decision.variant,
                visit.country,
                visit.device,
                visit.referrer,
                visit.source,
                is_returning,
                visit.at // QUARTER,
                missing_tags(visit.route.required_tags, visit.tags),
                met if is_met else None,
            )
        ] += 1

    def add_late_entry(self, before: Standing, after: Standing, visit: Visit) -> None:
        """A known visitor enters the test: no longer counted as what it was, but as what it is."""
        count_change(self._moves, self._scope, before, after, visit.route.handle)
        name = entry_name(after.epoch, after.phase, after.variant)
        self._moves.add_quarter((*self._scope, after.campaign_id), visit.at, "entered", name)

    def moves(self) -> Moves:
        for alike, clicks in self._alike.items():
            self._count_days(alike, clicks)
            self._count_quarters(alike, clicks)
            if alike.met is not None:
                self._count_entries(alike, alike.met, clicks)
        return self._moves

    def _count_days(self, alike: Alike, clicks: int) -> None:
        self._moves.add_day(
            self._place(alike),
            clicks=clicks,
            qualified_clicks=clicks * (alike.kind is Kind.PERSON),
            bot_clicks=clicks * (alike.kind is Kind.BOT),
            visitors=clicks * (alike.met is not None),
        )

    def _count_quarters(self, alike: Alike, clicks: int) -> None:
        ref, slug = (*self._scope, alike.route.campaign_id), alike.route.link.slug
        counted = [("clicks", slug)]
        if alike.kind is Kind.BOT:
            counted.append(("bots", ""))
        if alike.kind is Kind.PERSON:
            counted += [("qualified", slug), ("by_variant", str(alike.variant))]
            counted += [("with_ctx", slug)] if alike.route.link.append_ctx else []
            counted += [("missing_tag", f"{slug} {tag}") for tag in alike.missing] or [("tagged", slug)]
        for subject, name in counted:
            self._moves.add_quarter(ref, alike.quarter * QUARTER, subject, name, clicks)

    def _count_entries(self, alike: Alike, met: Entry, visitors: int) -> None:
        cohort, epoch, phase, identity, enters = met
        campaign_id = alike.route.campaign_id
        key = (*self._scope, campaign_id, epoch, phase, alike.variant, cohort.value, identity.value, "")
        self._moves.add_phase(key, visitors=visitors)
        if enters:
            name = entry_name(epoch, phase, alike.variant)
            self._moves.add_quarter((*self._scope, campaign_id), alike.quarter * QUARTER, "entered", name, visitors)

    def _place(self, alike: Alike) -> Place:
        dimensions = {
            "variant": str(alike.variant),
            "slug": alike.route.link.slug,
            "country": alike.country,
            "device": alike.device,
            "referrer": alike.referrer,
            "source": alike.source,
            "segment": "returning" if alike.is_returning else "new",
        }
        return Place(*self._scope, alike.route.campaign_id, day_at(alike.route.handle, alike.quarter), dimensions)


def day_at(handle: Handle, quarter: int) -> str:
    """The handle's local day of a quarter hour: days begin on a quarter hour in every zone."""
    return _day_of(quarter, handle.zone_at(quarter * QUARTER))


@lru_cache(maxsize=1024)
def _day_of(quarter: int, zone: str) -> str:
    return local_day(quarter * QUARTER, zone)


def entry_name(epoch: int, phase: int, variant: int) -> str:
    """Under which name a first entry is counted by quarter hour: `1.2.2`."""
    return f"{epoch}.{phase}.{variant}"


@lru_cache(maxsize=4096)
def missing_tags(required: tuple[str, ...], tags: Tags) -> tuple[str, ...]:
    """A tag that is asked for and is none of the five that are kept never arrives."""
    told = dict(zip(UTM_TAGS, tags, strict=True))
    return tuple(tag for tag in required if not told.get(tag))


def count_change(moves: Moves, scope: tuple[str, str], before: Standing, after: Standing, handle: Handle) -> None:
    """Count a visitor no longer as what it was, but as what it is: on the day and place of its first click."""
    if _counted_as(before) == _counted_as(after):
        return
    day = day_at(handle, after.first_at // QUARTER)
    if before.variant == after.variant:
        refunded = _refunded(after) - _refunded(before)
        converters = _converted(after) - _converted(before)
        _count_in_place(moves, scope, after, day, converters=converters, refunded_converters=refunded)
    else:
        for own, sign in ((before, -1), (after, 1)):
            amounts = {"converters": sign * _converted(own), "refunded_converters": sign * _refunded(own)}
            _count_in_place(moves, scope, own, day, visitors=sign, **amounts)
    key_before, key_after = phase_key(scope, before), phase_key(scope, after)
    was, now = _in_phase(before), _in_phase(after)
    if key_before == key_after:
        now = {name: now[name] - was[name] for name in now}
    else:
        moves.add_phase(key_before, **{name: -amount for name, amount in was.items()})
    if any(now.values()):
        moves.add_phase(key_after, **now)


def _count_in_place(moves: Moves, scope: tuple[str, str], standing: Standing, day: str, **amounts: int) -> None:
    if any(amounts.values()):
        moves.add_day(Place(*scope, standing.campaign_id, day, dimensions_of(standing)), currency="", **amounts)


def _counted_as(standing: Standing) -> tuple[object, ...]:
    """All of a visitor that a tally shows."""
    what = (standing.conversions > 0, standing.test_conversions > 0, standing.arrived_at is None)
    refunded = (standing.refunds > 0, standing.test_refunds > 0)
    return (*what, *refunded, standing.cohort, standing.epoch, standing.phase, standing.variant)


def _converted(standing: Standing) -> int:
    return int(standing.conversions > 0)


def _refunded(standing: Standing) -> int:
    return int(standing.refunds > 0)


def _in_phase(standing: Standing) -> dict[str, int]:
    """As what a visitor counts in the figures of its phase: in the test by what it did there."""
    in_test = standing.cohort is Cohort.ENTERED
    conversions = standing.test_conversions if in_test else standing.conversions
    refunds = standing.test_refunds if in_test else standing.refunds
    return {
        "visitors": 1,
        "arrived": int(standing.arrived_at is not None),
        "converters": int(conversions > 0),
        "refunded_converters": int(refunds > 0),
    }


def dimensions_of(standing: Standing) -> dict[str, str]:
    return {
        "variant": str(standing.variant),
        "slug": standing.slug,
        "country": standing.country,
        "device": standing.device,
        "referrer": standing.referrer,
        "source": standing.source,
        "segment": "new",
    }


def phase_key(scope: tuple[str, str], standing: Standing, currency: str = "") -> PhaseKey:
    where = (standing.campaign_id, standing.epoch, standing.phase, standing.variant)
    return (*scope, *where, standing.cohort._value_, standing.identity._value_, currency)
