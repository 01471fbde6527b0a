"""Intervals and p-values that may be looked at as often as one likes, and Holm's correction for several variants."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from funnelproof.statistics.proportions import (
    ALPHA,
    Difference,
    Interval,
    RiskRatio,
    Stratum,
    comparable,
    difference,
    risk_ratio,
)

PLANNED_VISITORS_WITHOUT_A_PLAN = 10_000
CONVERTERS_NEEDED = 25
"""Below this the normal approximation alarms falsely when the split is uneven."""
LARGEST_LOGARITHM = 700.0
"""e to this power still fits a float."""


@dataclass(frozen=True, slots=True)
class AlwaysValid:
    """What may be read at any time about variant against control. None: not enough converters yet."""

    p_value: float | None
    interval: Interval | None
    lift: float | None
    lift_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Horizon:
    """Where the sequence stands: visitors so far (4 Σw), and those planned for both arms before the first entry.

    The plan tunes at which size the interval is tightest; choosing it after looking voids the guarantee.
    """

    visitors: float
    planned_visitors: int = PLANNED_VISITORS_WITHOUT_A_PLAN

    def __post_init__(self) -> None:
        if self.planned_visitors < 1:
            raise ValueError("planned_visitors counts the visitors of both arms together: at least 1")

    @property
    def information(self) -> float:
        """v = n ρ², with ρ² = (−2 ln .05 + ln(1 − 2 ln .05)) / N*, whatever alpha is asked for later."""
        return self.visitors * (-2 * math.log(0.05) + math.log(1 - 2 * math.log(0.05))) / self.planned_visitors

    def multiplier(self, alpha: float = ALPHA) -> float:
        """How many standard errors the interval reaches to each side: √(2(v+1)/v · ln(√(v+1)/alpha))."""
        v = self.information
        return math.sqrt(2 * (v + 1) / v * (math.log1p(v) / 2 - math.log(alpha)))


def confidence_sequence(estimate: float, error: float, horizon: Horizon, alpha: float = ALPHA) -> Interval:
    """Interval that covers the truth at every look together with 1 − alpha, in the estimate's unit.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, arXiv 2103.06476, the normal mixture boundary.
    """
    reach = error * horizon.multiplier(alpha)
    return estimate - reach, estimate + reach


def sequential_p(estimate: float, error: float, horizon: Horizon) -> float:
    """p of "no difference", valid at every look: below alpha exactly when the interval at 1 − alpha leaves 0 out.

    It is that of the estimate as it stands, no running minimum. `error` is above 0. Source as above.
    """
    v, z = horizon.information, estimate / error
    return min(1.0, math.sqrt(v + 1) * math.exp(-z * z / 2 * v / (v + 1)))


def always_valid_error(of: Difference) -> float:
    """The larger of the two standard errors: the unpooled one alone alarms falsely when the split is uneven."""
    return max(of.se_pooled, of.se_unpooled)


def always_valid(
    strata: Sequence[Stratum],
    *,
    planned_visitors: int = PLANNED_VISITORS_WITHOUT_A_PLAN,
    alpha: float = ALPHA,
    comparisons: int = 1,
) -> AlwaysValid:
    """Everything peeking-proof about variant − control; intervals at 1 − alpha/comparisons.

    p waits for 25 converters in the control; intervals and lift wait for 25 in both arms. Strata in which an arm
    has nobody count for nothing, here too. The p is not adjusted for several comparisons: see `holm`.
    """
    found = difference(strata)
    if found is None or always_valid_error(found) == 0:
        return AlwaysValid(None, None, None, None)
    enough_in_a, enough_in_b = _enough_converters(strata)
    if not enough_in_a:
        return AlwaysValid(None, None, None, None)
    horizon, error = Horizon(found.visitors, planned_visitors), always_valid_error(found)
    p_value = sequential_p(found.value, error, horizon)
    ratio = risk_ratio(strata)
    if not enough_in_b or ratio is None:
        return AlwaysValid(p_value, None, None, None)
    return AlwaysValid(
        p_value=p_value,
        interval=confidence_sequence(found.value, error, horizon, alpha / comparisons),
        lift=ratio.value - 1,
        lift_interval=lift_interval(ratio, horizon, alpha / comparisons),
    )


def lift_interval(ratio: RiskRatio, horizon: Horizon, alpha: float = ALPHA) -> Interval | None:
    """Always-valid interval of the lift (ratio − 1); None if the ratio has no error or reaches beyond any float."""
    reach = ratio.log_error * horizon.multiplier(alpha)
    centre = math.log(ratio.value)
    if reach == 0 or centre + reach > LARGEST_LOGARITHM:
        return None
    return math.expm1(centre - reach), math.expm1(centre + reach)


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """p-values adjusted for being several, in the order given. A comparison still without p counts, and stays None.

    Source: Holm 1979 (Scandinavian Journal of Statistics 6, 65), the step-down procedure.
    """
    adjusted: list[float | None] = [None] * len(p_values)
    least = 0.0
    known = sorted((p_value, place) for place, p_value in enumerate(p_values) if p_value is not None)
    for rank, (p_value, place) in enumerate(known):
        least = max(least, min(1.0, (len(p_values) - rank) * p_value))
        adjusted[place] = least
    return tuple(adjusted)


def _enough_converters(strata: Sequence[Stratum]) -> tuple[bool, bool]:
    usable = comparable(strata)
    of_a = sum(stratum.x_a for stratum in usable)
    of_b = sum(stratum.x_b for stratum in usable)
    return of_a >= CONVERTERS_NEEDED, of_b >= CONVERTERS_NEEDED
