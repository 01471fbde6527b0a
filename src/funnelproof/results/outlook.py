"""Before a test: how many visitors it needs, how many days that takes, and how its power grows with the days."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from funnelproof.errors import invalid
from funnelproof.results.words import grouped, many, percent
from funnelproof.statistics import fixed_size, planned_size, power

POINTS = 24
HOPELESS_DAYS = 365
MOST_DAYS = 1e7
"""Beyond this nobody counts days."""
HOPELESS = "That is hopeless: look for a larger change, or for a goal that more visitors reach."
LARGEST_LIFT = 10.0


@dataclass(frozen=True, slots=True)
class Point:
    """How likely the change is found by the end of a day. `visitors` are those of the smallest arm."""

    day: int
    visitors: int
    power: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """`per_arm` visitors make a verdict that may be read at any time; `fixed_per_arm` one that is read once."""

    baseline: float
    lift: float
    per_arm: int
    fixed_per_arm: int
    daily_visitors: float | None
    days: int | None
    curve: tuple[Point, ...]
    is_out_of_reach: bool = False
    """Visitors come, and far too few: there are no days to tell."""

    @property
    def changed_rate(self) -> float:
        return self.baseline * (1 + self.lift)

    @property
    def sentence(self) -> str:
        """`To see +10 % on 4 % takes 69 081 visitors in each variant: about 154 days at 900 a day.`"""
        needs = f"To see +{percent(self.lift)} on {percent(self.baseline)} takes"
        needs = f"{needs} {grouped(self.per_arm)} visitors in each variant"
        if self.is_out_of_reach:
            return f"{needs}. {HOPELESS}"
        if self.days is None or self.daily_visitors is None:
            return f"{needs}."
        told = f"{needs}: about {many(self.days, 'day')} at {grouped(round(self.daily_visitors))} a day."
        if self.days > HOPELESS_DAYS:
            return f"{told} {HOPELESS}"
        return told


def outlook(baseline: float, lift: float, *, daily_visitors: float | None, shares: Sequence[float]) -> Outlook:
    """`daily_visitors` are all who come; `shares` of them enter each variant. Raises 400 for a plan that cannot be."""
    check(baseline, lift)
    per_arm, fixed = planned_size(baseline, lift), fixed_size(baseline, baseline * (1 + lift))
    if per_arm is None or fixed is None:
        raise invalid("lift", "is too small to plan for.")
    daily = (daily_visitors or 0.0) * min(shares, default=0.0)
    is_out_of_reach = daily > 0 and per_arm / daily >= MOST_DAYS
    days = math.ceil(per_arm / daily) if daily > 0 and not is_out_of_reach else None
    made = Outlook(baseline, lift, per_arm, math.ceil(fixed), daily_visitors, days, (), is_out_of_reach)
    return made if days is None else replace(made, curve=_curve(made, daily))


def check(baseline: float, lift: float) -> None:
    if not 0 < baseline < 1:
        raise invalid("baseline", "must lie between 0 and 1: 0.04 for 4 of 100 visitors.")
    if not 0 < lift <= LARGEST_LIFT:
        raise invalid("lift", "must be above 0 and at most 10: 0.1 for 10 % more.")
    if baseline * (1 + lift) >= 1:
        raise invalid("lift", "would bring the rate to 1 or above; choose a smaller one.")


def _curve(made: Outlook, daily: float) -> tuple[Point, ...]:
    """Up to half as long again as planned, in whole days."""
    last = max(1, math.ceil((made.days or 1) * 1.5))
    step = max(1, math.ceil(last / POINTS))
    points = []
    for day in range(step, last + step, step):
        found = power(made.baseline, made.changed_rate, daily * day, made.per_arm)
        points.append(Point(day, round(daily * day), found or 0.0))
    return tuple(points)
