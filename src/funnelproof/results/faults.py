"""What makes a test worthless, and what is worth knowing without deciding: each with its sentence."""

import math
from collections.abc import Mapping, Sequence

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import Micros, span
from funnelproof.results.compare import ARRIVALS_DIFFER_BELOW, arrival_p_values, refund_p_values
from funnelproof.results.counts import Counts
from funnelproof.results.facts import Arm, Reason
from funnelproof.results.inspections import Miscount
from funnelproof.results.store import Alarm, Look
from funnelproof.results.words import date_text, many, percent, ratio
from funnelproof.statistics import WATCH_BELOW, ArmRevenue

LEAK_FAILS_ABOVE, LEAK_FAILS_ABOVE_ONE_IN = 5, 10_000
COOKIELESS_ABOVE = 0.2
STICKS_OUT = 0.05
"""Of an arm's revenue: a usual order among a hundred is far less, and would carry any near tie."""
DAY_SECONDS = 86_400


def alarm_fault(alarm: Alarm, zone: str, now: Micros) -> Reason:
    """`visitors were not split as planned (52 : 48 instead of 50 : 50 since 23 Nov)`."""
    entries, buckets = list(alarm.evidence["entries"].values()), list(alarm.evidence["openBuckets"].values())
    decimals = next((d for d in (0, 1) if ratio(entries, decimals=d) != ratio(buckets, decimals=d)), 2)
    seen, planned = ratio(entries, decimals=decimals), ratio(buckets, decimals=decimals)
    since = date_text(alarm.evidence["phaseStartedAt"], zone, now=now)
    return Reason("sample_ratio", f"visitors were not split as planned ({seen} instead of {planned} since {since})")


def leak_fault(counts: Counts) -> Reason | None:
    leaked, entered = counts.leaked(), sum(cell.visitors for cell in counts.cells.values())
    if leaked <= LEAK_FAILS_ABOVE or leaked * LEAK_FAILS_ABOVE_ONE_IN <= entered:
        return None
    return Reason("leak", f"{many(leaked, 'visitor')} entered a variant that was closed to new ones")


def has_lost_arrivals(counts: Counts, control: int, others: Sequence[int]) -> list[int]:
    """Variants whose visitors arrive more or less often than the control's, whatever the look."""
    p_values = arrival_p_values(counts, control, others)
    return [
        number
        for number, p_value in zip(others, p_values, strict=True)
        if p_value is not None and p_value < ARRIVALS_DIFFER_BELOW
    ]


def arrival_fault(counts: Counts, control: tuple[int, str], others: Sequence[tuple[int, str]]) -> Reason:
    """`others` are those that differ. Names the arm that loses people."""
    worst = min((control, *others), key=lambda arm: counts.of(arm[0]).arrived / max(1, counts.of(arm[0]).visitors))
    return Reason("arrival", f"{worst[1]}'s page drops the ctx or does not load")


def impossible_fault(arms: Sequence[Arm]) -> Reason | None:
    names = [arm.name for arm in arms if arm.converters > arm.visitors]
    if not names:
        return None
    return Reason("more_converters_than_visitors", f"more people converted with {names[0]} than came")


def miscount_fault(found: Sequence[Miscount], names: Mapping[int, str]) -> Reason | None:
    if not found:
        return None
    first = found[0]
    told = f"{first.counter} of {names.get(first.variant, 'a variant')}: {first.stored} kept, {first.counted} counted"
    return Reason("counters_differ", f"its counters are not what its visitors come to ({told})")


def watch_remark(sequential_p_value: float) -> Reason | None:
    if sequential_p_value >= WATCH_BELOW:
        return None
    return Reason("sample_ratio_watch", "The split of visitors begins to look odd; watch it.")


def currency_remark(counts: Counts, numbers: Sequence[int], currency: str) -> Reason | None:
    """Over 1 % of conversions in other currencies: revenue per visitor would leave them out."""
    conversions = sum(counts.of(number).conversions for number in numbers)
    orders = [item for number in numbers for item in counts.orders(number).items()]
    others = sum(earned.orders for name, earned in orders if name != currency)
    if others * 100 <= conversions:
        return None
    return Reason("mixed_currency", f"{percent(others / conversions)} of the conversions are not in {currency}.")


def one_order_remark(counts: Counts, control: tuple[int, str], other: tuple[int, str], currency: str) -> Reason | None:
    """The arm that earns more per visitor would not, without one order that sticks out of the others."""
    arms = [(name, counts.revenue(number, currency)) for number, name in (control, other)]
    (_, less), (name, more) = sorted(arms, key=lambda arm: arm[1].mean or 0.0)
    if not more.visitors or less.mean is None or more.total / more.visitors <= less.mean:
        return None
    largest = largest_order(more, beside=less)
    if largest < STICKS_OUT * more.total or (more.total - largest) / more.visitors >= less.mean:
        return None
    return Reason("one_order_carries_it", f"{name} earns more per visitor because of one order.")


def largest_order(of: ArmRevenue, *, beside: ArmRevenue) -> float:
    """An estimate from n, Σy and Σy², in minor units: the m with m² + k (Σy − m)²/(n − 1) = Σy².

    k = n Σy²/(Σy)² of the other arm says how unlike each other the rest of the orders are; 1 if all are alike.
    0 where nothing sticks out.
    """
    if min(of.orders, beside.orders) < 2 or of.total <= 0 or beside.total <= 0:
        return 0.0
    spread = beside.orders * beside.squares / beside.total**2 / (of.orders - 1)
    root = (spread * of.total) ** 2 - (1 + spread) * (spread * of.total**2 - of.squares)
    return (spread * of.total + math.sqrt(root)) / (1 + spread) if root > 0 else 0.0


def refunds_remark(counts: Counts, control: tuple[int, str], others: Sequence[tuple[int, str]]) -> Reason | None:
    """Rates count who converted, refunded or not: where refunds differ, a winner by rate may lose by net revenue."""
    p_values = refund_p_values(counts, control[0], [number for number, _ in others])
    found = [
        own for own, p_value in zip(others, p_values, strict=True) if p_value is not None and p_value < WATCH_BELOW
    ]
    if not found:
        return None
    cells = [(name, counts.of(number)) for number, name in (control, *found)]
    shares = " and ".join(f"{percent(own.refunded / own.converters)} with {name}" for name, own in cells)
    return Reason("refunds_differ", f"Refunds differ: {shares} got money back. Look at net revenue as well.")


def cookieless_remark(counts: Counts) -> Reason | None:
    if counts.cookieless_visitors <= COOKIELESS_ABOVE * counts.funnel_visitors:
        return None
    share = percent(counts.cookieless_visitors / counts.funnel_visitors)
    return Reason("cookieless_share", f"{share} of the visitors came without a cookie and count anew each day.")


def former_winner_remark(look: Look, zone: str, now: Micros) -> Reason:
    return Reason("was_winner_at", f"There was a winner on {date_text(look.at, zone, now=now)}.")


def short_ctx_remark(campaign: Campaign) -> Reason | None:
    if campaign.ctx_ttl_seconds >= campaign.attribution_window_days * DAY_SECONDS:
        return None
    life = span(campaign.ctx_ttl_seconds * 1_000_000)
    return Reason(
        "short_ctx_life", f"A ctx lives {life}: later conversions are refused, within the window as they may be."
    )
