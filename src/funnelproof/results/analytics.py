"""The funnel and its rows, read from the tallies: the cost does not grow with the number of events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from funnelproof.campaigns import store as campaigns
from funnelproof.clicks import store as clicks
from funnelproof.clock import Micros
from funnelproof.conversions import store as conversions
from funnelproof.errors import invalid
from funnelproof.results.figures import COUNTERS, Line, lines
from funnelproof.storage.database import Transaction
from funnelproof.tallies.move import ALL
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import LIVE

STAGES = ("clicks", "qualified_clicks", "visitors", "conversions")


class GroupBy(StrEnum):
    DAY = "day"
    VARIANT = "variant"
    SLUG = "slug"
    COUNTRY = "country"
    DEVICE = "device"
    REFERRER = "referrer"
    SOURCE = "source"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Figures:
    """`counts` by counter name; `revenue` by currency as (gross, net) in minor units."""

    counts: Mapping[str, int]
    revenue: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Analytics:
    totals: Figures
    rows: Sequence[tuple[str, Figures]]
    newest: Micros | None


@dataclass(frozen=True, slots=True)
class Question:
    """`first_day` and `last_day` are local days, both included. `run` narrows test mode to one run."""

    handle: str
    campaign_id: str | None
    first_day: str
    last_day: str
    group_by: GroupBy
    is_test: bool
    run: str | None = None


def analyse(tx: Transaction, question: Question) -> Analytics:
    asked, name = _worlds(tx, question), _namer(tx, question)
    if not asked:
        return Analytics(_sum([]), [], None)

    def of(dimension: str, by: str | None) -> Sequence[Line]:
        return lines(
            tx,
            handle=question.handle,
            worlds=asked,
            campaign_id=question.campaign_id,
            dimension=dimension,
            between=(question.first_day, question.last_day),
            by=by,
        )

    is_by_day = question.group_by is GroupBy.DAY
    whole = of(ALL, "day" if is_by_day else None)
    grouped = whole if is_by_day else of(question.group_by.value, "value")
    keyed: dict[str, list[Line]] = {}
    for line in grouped:
        keyed.setdefault(name(line[0]), []).append(line)
    rows = [(key, _sum(own)) for key, own in sorted(keyed.items())]
    return Analytics(_sum(whole), rows, _newest(tx, question.handle, max(asked)))


def funnel(totals: Figures) -> list[tuple[str, int, float | None, float | None]]:
    """(stage, count, rate from the stage before, rate from the first); a rate is None where nothing is above it."""
    stages: list[tuple[str, int, float | None, float | None]] = []
    counts = [totals.counts[stage] for stage in STAGES]
    for at, stage in enumerate(STAGES):
        before = counts[at - 1] if at else 0
        from_previous = counts[at] / before if before else None
        stages.append((stage, counts[at], from_previous, counts[at] / counts[0] if counts[0] else None))
    return stages


def _worlds(tx: Transaction, question: Question) -> list[str]:
    if not question.is_test:
        return [LIVE]
    return list(worlds_of_runs(tx, question.handle, question.campaign_id, question.run))


def worlds_of_runs(tx: Transaction, handle: str, campaign_id: str | None, run: str | None) -> Sequence[str]:
    """The worlds of a handle's runs, of one campaign's or one run's; never another that a caller names."""
    if run is not None:
        if worlds.find(tx, handle, run) is None:
            raise invalid("query/run", "is no test run of this handle, or one whose rows are deleted (after 30 days).")
        return [run]
    return worlds.opened_for(tx, handle, campaign_id) if campaign_id else worlds.names_of(tx, handle)


def _newest(tx: Transaction, handle: str, world: str) -> Micros | None:
    """When something was last counted: a click came or an order."""
    moments = (clicks.newest_at(tx, handle, world), conversions.newest_at(tx, handle, world))
    return max((at for at in moments if at is not None), default=None)


def _namer(tx: Transaction, question: Question) -> Callable[[str], str]:
    """How a line's key reads: as it is, variants by their id."""
    if question.group_by is not GroupBy.VARIANT:
        return str
    if question.campaign_id is None:
        raise invalid("query/groupBy", "variant needs campaignId: each campaign has variants of its own.")
    ids = campaigns.variant_names(tx, question.handle, question.campaign_id)
    return lambda key: ids.get(int(key), "(none)")


def _sum(found: Sequence[Line]) -> Figures:
    last = 2 + len(COUNTERS)
    counts = dict(zip(COUNTERS, map(sum, zip(*(line[2:last] for line in found), strict=True)), strict=False))
    revenue: dict[str, tuple[int, int]] = {}
    for _, currency, *sums in found:
        if currency:
            gross, net = revenue.get(currency, (0, 0))
            revenue[currency] = (gross + sums[-2], net + sums[-1])
    return Figures(counts or dict.fromkeys(COUNTERS, 0), revenue)
