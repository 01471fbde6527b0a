"""How many visitors a test needs, how far it has come, and how many days are left."""

import math
from collections.abc import Sequence

from funnelproof.statistics.proportions import ALPHA, two_sided_quantile
from funnelproof.statistics.sequential import Horizon
from funnelproof.statistics.special import ndtr, ndtri

POWER = 0.8
ALWAYS_VALID_FACTOR = 1.75
"""A verdict that may be read at any time needs more visitors than one that is read once."""


def fixed_size(rate: float, changed_rate: float, *, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """Visitors per arm for one look at the end, unrounded; None unless two different rates lie between 0 and 1.

    n = (z_{1−α/2} √(2p̄q̄) + z_{power} √(p₁q₁ + p₂q₂))² / (p₂ − p₁)²: null variance at the rates' mean.
    """
    middle = (rate + changed_rate) / 2
    return _size(rate, changed_rate, 2 * middle * (1 - middle), alpha, power)


def fixed_size_at_baseline(
    rate: float, changed_rate: float, *, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """The same with the null variance at the first rate, as Miller's published calculator has it: a cross-check."""
    return _size(rate, changed_rate, 2 * rate * (1 - rate), alpha, power)


def planned_size(rate: float, minimum_lift: float) -> int | None:
    """Visitors per arm to plan for, from the expected rate and the smallest relative lift worth finding.

    None where such a plan cannot be: a rate that the lift moves to 0, 1 or nowhere.
    """
    fixed = fixed_size(rate, rate * (1 + minimum_lift))
    return None if fixed is None else math.ceil(ALWAYS_VALID_FACTOR * fixed)


def power(rate: float, changed_rate: float, visitors_per_arm: float, planned_per_arm: int) -> float | None:
    """How likely one look at the always-valid figures tells the two rates apart, with so many visitors in each arm.

    Φ((|p₂ − p₁| − multiplier · error) / unpooled error), normal approximation; looking more often finds it a little
    more often. None unless two different rates lie between 0 and 1.
    """
    if not (0 < rate < 1 and 0 < changed_rate < 1) or rate == changed_rate or visitors_per_arm <= 0:
        return None
    middle = (rate + changed_rate) / 2
    pooled = math.sqrt(2 * middle * (1 - middle) / visitors_per_arm)
    unpooled = math.sqrt((rate * (1 - rate) + changed_rate * (1 - changed_rate)) / visitors_per_arm)
    reach = Horizon(2 * visitors_per_arm, 2 * planned_per_arm).multiplier() * max(pooled, unpooled)
    return float(ndtr((abs(changed_rate - rate) - reach) / unpooled))


def progress(planned_per_arm: int, visitors: Sequence[int]) -> float:
    """The share of the planned size that the arm furthest behind has reached, at most 1."""
    return min(1.0, min(visitors, default=0) / planned_per_arm)


def days_left(planned_per_arm: int, visitors: Sequence[int], visitors_per_day: Sequence[float]) -> int | None:
    """Whole days until every arm has the planned size; None while an arm that lacks visitors receives none.

    Both sequences hold one figure per arm. For the days at a full ramp, give the daily figures of a full ramp.
    """
    longest = 0.0
    for entered, daily in zip(visitors, visitors_per_day, strict=True):
        lacking = planned_per_arm - entered
        if lacking <= 0:
            continue
        if daily <= 0:
            return None
        longest = max(longest, lacking / daily)
    return math.ceil(longest) if math.isfinite(longest) else None


def _size(rate: float, changed_rate: float, null_variance: float, alpha: float, power: float) -> float | None:
    change = changed_rate - rate
    if not (0 < rate < 1 and 0 < changed_rate < 1) or change * change == 0:
        return None
    variance = rate * (1 - rate) + changed_rate * (1 - changed_rate)
    reach = two_sided_quantile(alpha) * math.sqrt(null_variance) + float(ndtri(power)) * math.sqrt(variance)
    size = reach / change * (reach / change)
    return size if math.isfinite(size) else None
