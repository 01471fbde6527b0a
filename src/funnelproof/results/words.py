"""Figures in the words of people: points, shares, names, buyers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from funnelproof.campaigns.campaign import GoalType
from funnelproof.clock import SECOND, Micros
from funnelproof.statistics import Interval

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Goal:
    """Those who convert, and what a variant does that has fewer of them."""

    people: str
    worse: tuple[str, str]
    """Of one variant, of several."""


GOALS = {
    GoalType.PRODUCT_SALE: Goal("buyers", ("sells less than", "sell less than")),
    GoalType.LEAD_CAPTURE: Goal("leads", ("brings fewer leads than", "bring fewer leads than")),
    GoalType.NEWSLETTER: Goal("subscribers", ("brings fewer subscribers than", "bring fewer subscribers than")),
    GoalType.AFFILIATE_CLICKOUT: Goal("people clicking out", ("sends on fewer than", "send on fewer than")),
    GoalType.APP_INSTALL: Goal("installs", ("brings fewer installs than", "bring fewer installs than")),
}


def points(*values: float) -> list[str]:
    """Rates as points without sign, alike in decimals: one, or as many as the smallest needs not to read 0."""
    decimals = max(_decimals(value) for value in values)
    return [f"{abs(value) * 100:.{decimals}f}" for value in values]


def signed_points(*values: float) -> list[str]:
    """`−2.7`, `+3.9`."""
    return [f"{'−' if value < 0 else '+'}{text}" for value, text in zip(values, points(*values), strict=True)]


def between(interval: Interval) -> str:
    """An interval on one side of 0, nearer end first: `between 0.4 and 1.9 points`."""
    near, far = points(*sorted(interval, key=abs))
    return f"between {near} and {far} points"


def percent(share: float) -> str:
    """`10 %`, `2.5 %`."""
    return f"{share * 100:.3g} %"


def ratio(counts: Sequence[int], *, decimals: int = 0) -> str:
    """`52 : 48`."""
    total = sum(counts)
    return " : ".join(f"{100 * count / total:.{decimals}f}" for count in counts)


def names(all_names: Sequence[str], joint: str = "and") -> str:
    """`B`, `B and C`, `B, C and D`."""
    if len(all_names) < 2:
        return "".join(all_names)
    return f"{', '.join(all_names[:-1])} {joint} {all_names[-1]}"


def many(count: int, thing: str) -> str:
    return f"{grouped(count)} {thing}" if count == 1 else f"{grouped(count)} {thing}s"


def grouped(count: int) -> str:
    """`15 590`."""
    return f"{count:,}".replace(",", " ")


def date_text(at: Micros, zone: str, *, now: Micros) -> str:
    """`1 Dec`; with its year where that is not the present one."""
    day, today = (datetime.fromtimestamp(moment // SECOND, ZoneInfo(zone)) for moment in (at, now))
    text = f"{day.day} {MONTHS[day.month - 1]}"
    return text if day.year == today.year else f"{text} {day.year}"


def _decimals(value: float) -> int:
    size = abs(value) * 100
    if size == 0 or size >= 0.05:
        return 1
    return min(MOST_DECIMALS, math.ceil(-math.log10(size)))
