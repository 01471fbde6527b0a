"""The funnel and its rows, read from the tallies: the cost does not grow with the number of events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from funnelproof.campaigns import store as campaigns
from funnelproof.clicks import store as clicks
from funnelproof.clock import Micros
from funnelproof.storage.database import Row, Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import ALL
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import LIVE

COUNTERS = (
    "clicks",
    "qualified_clicks",
    "bot_clicks",
    "visitors",
    "conversions",
    "converters",
    "refunded_converters",
    "page_views",
    "cta_clicks",
)
STAGES = ("clicks", "qualified_clicks", "visitors", "converters")


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
    asked = _worlds(tx, question)
    if not asked:
        return Analytics(_sum([]), [], None)

    def of(dimension: str) -> Sequence[Row]:
        between = (question.first_day, question.last_day)
        return tallies.days(
            tx,
            handle=question.handle,
            worlds=asked,
            campaign_id=question.campaign_id,
            dimension=dimension,
            between=between,
        )

    whole = of(ALL)
    grouped = whole if question.group_by is GroupBy.DAY else of(question.group_by.value)
    name = _namer(tx, question)
    keyed: dict[str, list[Row]] = {}
    for row in grouped:
        keyed.setdefault(name(row), []).append(row)
    rows = [(key, _sum(own)) for key, own in sorted(keyed.items())]
    return Analytics(_sum(whole), rows, clicks.newest_at(tx, question.handle, asked[0]))


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
    if question.run is not None:
        return [question.run]
    return worlds.opened_for(tx, question.handle, question.campaign_id) if question.campaign_id else []


def _namer(tx: Transaction, question: Question) -> Callable[[Row], str]:
    """How a row's key reads: days as they are, variants by their id."""
    if question.group_by is GroupBy.DAY:
        return lambda row: str(row["day"])
    if question.group_by is not GroupBy.VARIANT or question.campaign_id is None:
        return lambda row: str(row["value"])
    ids = campaigns.variant_names(tx, question.handle, question.campaign_id)
    return lambda row: ids.get(int(row["value"]), "(none)")


def _sum(rows: Sequence[Row]) -> Figures:
    counts = {name: sum(row[name] for row in rows) for name in COUNTERS}
    revenue: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row["currency"]:
            gross, net = revenue.get(row["currency"], (0, 0))
            revenue[row["currency"]] = (gross + row["gross_minor"], net + row["net_minor"])
    return Figures(counts, revenue)
