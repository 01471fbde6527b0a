"""How far figures may be trusted, 0 to 100, with the reasons that lowered it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from funnelproof.results.analytics import Analytics

OTHER = "(other)"
ENOUGH_CLICKS, ENOUGH_CONVERSIONS = 100, 25
MANY_BOTS, MUCH_OTHER = 0.3, 0.1


@dataclass(frozen=True, slots=True)
class Reason:
    """`points` is by how much it lowered the whole."""

    code: str
    sentence: str
    points: int


def confidence(found: Analytics, *, last_day: str, today: str) -> tuple[int, Sequence[Reason]]:
    """100 less the points of every reason that holds, never below 0."""
    if not any(found.totals.counts.values()):
        return 0, [Reason("nothing_counted", "Nothing was counted in this stretch of time.", 100)]
    reasons = [*_little(found), *_doubtful(found), *_open(last_day, today)]
    return max(0, 100 - sum(reason.points for reason in reasons)), reasons


def _little(found: Analytics) -> Iterator[Reason]:
    counts = found.totals.counts
    if (clicks := counts["qualified_clicks"]) < ENOUGH_CLICKS:
        yield Reason("few_clicks", f"{clicks} qualified clicks; shares settle from {ENOUGH_CLICKS} on.", 30)
    if (orders := counts["conversions"]) < ENOUGH_CONVERSIONS:
        yield Reason("few_conversions", f"{orders} conversions; rates settle from {ENOUGH_CONVERSIONS} on.", 20)


def _doubtful(found: Analytics) -> Iterator[Reason]:
    counts = found.totals.counts
    if (bots := _share(counts["bot_clicks"], counts["clicks"])) > MANY_BOTS:
        yield Reason("many_bots", f"{bots:.0%} of the clicks are bots.", 20)
    if counts["converters"] > counts["visitors"]:
        yield Reason("counters_disagree", "More converters than visitors: run `funnelproof recount --check`.", 50)
    other = sum(figures.counts["clicks"] for key, figures in found.rows if key == OTHER)
    if (share := _share(other, counts["clicks"])) > MUCH_OTHER:
        yield Reason("much_other", f"{share:.0%} of the clicks are in {OTHER}: more values than are kept apart.", 10)
    if len(found.totals.revenue) > 1:
        yield Reason("mixed_currency", "Revenue is in several currencies, which are never added up.", 5)


def _open(last_day: str, today: str) -> Iterator[Reason]:
    if last_day >= today:
        yield Reason("day_not_over", "The last day is not over yet, and orders of its clicks are still to come.", 10)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
