"""What comes back, all together: do orders keep coming, from every variant, with plausible values?"""

import math
from collections.abc import Sequence
from statistics import median

from funnelproof.clock import iso_or_none, span
from funnelproof.conversions.conversion import Disposition
from funnelproof.health.check import Check, Status
from funnelproof.health.checks.words import many
from funnelproof.health.evidence import Evidence, Facts
from funnelproof.statistics.special import betaln

TOO_UNLIKELY = 1e-4
VARIANT_TOO_UNLIKELY = 1e-3
WEIGHT_OF_THE_PLAN = 20
NEWEST, BEFORE, BEFORE_NEEDED = 10, 50, 30
OTHER_EVENT = Disposition.OTHER_EVENT.value
FACTOR, OUTLIER = 30, 50


def conversions(of: Evidence) -> Check:
    rate, sales = _usual_rate(of), of.sales
    chance = None if rate is None else drought(*rate, sales.clicks_since)
    without = _variants_without(of)
    facts: Facts = {
        "n": sales.clicks_since,
        "clicksSinceTheLast": sales.clicks_since,
        "lastAt": iso_or_none(sales.last_at),
        "usualDelaySeconds": sales.delay // 1_000_000,
        "conversionsBefore": sales.conversions_before,
        "clicksBefore": sales.clicks_before,
        "chance": chance,
        "refusedInTheLast24Hours": of.lately.by_name("refused"),
        "variants": [
            {"variantId": of.id_of(number), "clicks": flow.qualified_clicks, "conversions": flow.conversions}
            for number, flow in sorted(of.flows.items())
        ],
    }
    remedy = "Buy once through the link, and look for the order under conversions; check that the shop sends the ctx."
    if chance is not None and chance < TOO_UNLIKELY:
        title = f"No conversion in {many(sales.clicks_since, 'click')}{_since(of)}: that is not chance."
        return Check("conversions", Status.WARN, title, facts, remedy)
    if without:
        names = ", ".join(of.name_of(number) for number in without)
        title = f"{names} has no conversion, while the others have many: that is not chance."
        return Check("conversions", Status.WARN, title, facts, remedy)
    if sales.last_at is None or rate is None:
        title = (
            "No conversion yet." if sales.last_at is None else "Conversions came, too few to say how many are usual."
        )
        return Check("conversions", Status.UNKNOWN, title, facts, remedy if sales.last_at is None else None)
    return Check(
        "conversions",
        Status.PASS,
        f"Conversions arrive; {many(sales.clicks_since, 'click')} since the last should have converted by now.",
        facts,
    )


def _since(of: Evidence) -> str:
    return "" if of.sales.last_at is None else f" since the last, {span(of.at - of.sales.last_at)} ago"


def _usual_rate(of: Evidence) -> tuple[float, float] | None:
    """(c, N): conversions of clicks. Seen in 28 days, else the plan's rate with the weight of 20 conversions."""
    sales = of.sales
    if sales.last_at is not None and sales.clicks_before > 0:
        return min(max(0, sales.conversions_before), sales.clicks_before), sales.clicks_before
    rate = float(of.campaign.expected_rate) if of.campaign.expected_rate else 0.0
    return (WEIGHT_OF_THE_PLAN, WEIGHT_OF_THE_PLAN / rate) if 0 < rate <= 1 else None


def drought(converted: float, clicked: float, since: int) -> float:
    """Chance of no conversion in `since` clicks after `converted` of `clicked`: B(c+½, N−c+½+n)/B(c+½, N−c+½)."""
    a, b = converted + 0.5, clicked - converted + 0.5
    return min(1.0, math.exp(float(betaln(a, b + max(0, since)) - betaln(a, b))))


def _variants_without(of: Evidence) -> list[int]:
    """Variants with weight that have no conversion although the others' say that they should."""
    numbers = [number for number in of.weighty if number]
    flows = {number: of.flows[number] for number in numbers if number in of.flows}
    clicked = sum(flow.qualified_clicks for flow in flows.values())
    converted = sum(max(0, flow.conversions) for flow in flows.values())
    return [
        number
        for number, flow in flows.items()
        if flow.conversions <= 0 < flow.qualified_clicks <= clicked
        and (1 - flow.qualified_clicks / clicked) ** converted < VARIANT_TOO_UNLIKELY
    ]


def anomaly(of: Evidence) -> Check:
    impossible = _impossible(of)
    by_currency = _values(of)
    odd = {currency: why for currency, values in by_currency.items() if (why := odd_values(values))}
    facts: Facts = {
        "n": sum(len(values) for values in by_currency.values()),
        "values": {currency: len(values) for currency, values in by_currency.items()},
        "moreConvertersThanVisitors": impossible,
        "odd": odd,
    }
    if impossible:
        title = "More visitors converted than there are visitors: the counters cannot be right."
        return Check("anomaly", Status.FAIL, title, facts, "Run `funnelproof recount --check`, and report this.")
    if odd:
        said = "; ".join(f"{currency}: {why}" for currency, why in odd.items())
        remedy = (
            "Is `value` sent in the currency's main unit, with a point before the cents? Look at the newest orders."
        )
        return Check("anomaly", Status.WARN, f"Order values jumped. {said}.", facts, remedy)
    if any(len(values) >= NEWEST + BEFORE_NEEDED for values in by_currency.values()):
        return Check("anomaly", Status.PASS, "Order values are of the usual size.", facts)
    needed = NEWEST + BEFORE_NEEDED
    return Check("anomaly", Status.UNKNOWN, f"Fewer than {needed} orders with a value: too few to compare.", facts)


def _impossible(of: Evidence) -> list[str]:
    days = [f"day {day.day}" for day in of.days if day.converters > day.visitors]
    phases = [
        f"phase {phase.phase}, {of.name_of(number)}"
        for phase in of.phases
        for number, own in phase.entries.items()
        if own.converters > own.visitors
    ]
    return (days + phases)[:10]


def _values(of: Evidence) -> dict[str, list[int]]:
    """Values of the goal's event by currency, the newest first."""
    found: dict[str, list[int]] = {}
    for own in of.recent:
        is_goal = own.event_type == of.campaign.event_type and own.disposition != OTHER_EVENT
        if is_goal and own.value_minor is not None and own.currency is not None:
            found.setdefault(own.currency, []).append(own.value_minor)
    return dict(sorted(found.items()))


def odd_values(values: Sequence[int]) -> str | None:
    """What is odd about the 10 newest values against the 50 before; None if nothing is, or if there are too few."""
    newest, before = values[:NEWEST], values[NEWEST : NEWEST + BEFORE]
    if len(newest) < NEWEST or len(before) < BEFORE_NEEDED:
        return None
    now, usual, largest = median(newest), median(before), max(before)
    if now != usual and now >= FACTOR * usual:
        return f"the newest {NEWEST} are {FACTOR} times as large as usual, or more"
    if now != usual and now * FACTOR <= usual:
        return f"the newest {NEWEST} are {FACTOR} times as small as usual, or more"
    if largest > 0 and max(newest) >= OUTLIER * largest:
        return f"one is {OUTLIER} times as large as the largest before, or more"
    return None
