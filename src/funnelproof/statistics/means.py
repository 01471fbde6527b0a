"""Revenue per visitor: one arm's mean, and two arms compared by Welch's t stratum by stratum. Never decides a test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from funnelproof.statistics.proportions import ALPHA, Interval
from funnelproof.statistics.special import stdtr, stdtrit

ORDERS_NEEDED = 100


class Withheld(StrEnum):
    """Why revenue per visitor is not compared."""

    MIXED_CURRENCY = "mixed_currency"
    FEW_ORDERS = "few_orders"
    NO_SPREAD = "no_spread"


@dataclass(frozen=True, slots=True)
class ArmRevenue:
    """An arm's visitors and orders, and over its visitors Σy and Σy² of what each spent, in minor units.

    Who bought nothing counts as a visitor with y = 0. Integers, so that no sale is lost to rounding.
    """

    visitors: int
    orders: int
    total: int
    squares: int

    @property
    def mean(self) -> float | None:
        """Minor units per visitor."""
        return self.total / self.visitors if self.visitors > 0 else None

    @property
    def variance(self) -> float | None:
        """Sample variance over visitors, in squared minor units; None below two visitors or with impossible sums."""
        spread = self.visitors * self.squares - self.total * self.total
        return spread / (self.visitors * (self.visitors - 1)) if self.visitors > 1 and spread >= 0 else None


@dataclass(frozen=True, slots=True)
class RevenueStratum:
    """What control (a) and variant (b) earned while the weights stood still."""

    a: ArmRevenue
    b: ArmRevenue


@dataclass(frozen=True, slots=True)
class RevenueDifference:
    """Variant − control in minor units per visitor; holds for one look only."""

    value: float
    error: float
    t: float
    degrees: float
    p_value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class _Moments:
    """One usable stratum: its Cochran weight, difference of means, and each arm's variance of the mean."""

    weight: float
    difference: float
    terms: tuple[tuple[float, int], tuple[float, int]]
    """Per arm: s²/n and n − 1."""


def mean_interval(arm: ArmRevenue, alpha: float = ALPHA) -> Interval | None:
    """Student's interval of revenue per visitor at 1 − alpha, in minor units; None where nothing varies."""
    mean, variance = arm.mean, arm.variance
    if mean is None or not variance:
        return None
    reach = _t_quantile(arm.visitors - 1, alpha) * math.sqrt(variance / arm.visitors)
    return mean - reach, mean + reach


def welch(strata: Sequence[RevenueStratum], alpha: float = ALPHA) -> RevenueDifference | None:
    """Difference of revenue per visitor, weighted like the rates, with Satterthwaite's degrees of freedom.

    A stratum in which an arm has fewer than two visitors has no variance and is left out; None if nothing varies.
    Source: Welch 1947 (Biometrika 34, 28); one stratum gives his t for two means.
    """
    moments = [found for stratum in strata if (found := _moments(stratum)) is not None]
    if not moments:
        return None
    weight = math.fsum(found.weight for found in moments)
    value = math.fsum(found.weight * found.difference for found in moments) / weight
    terms = [((found.weight / weight) ** 2 * part, free) for found in moments for part, free in found.terms]
    square = math.fsum(part for part, _ in terms)
    if square == 0:
        return None
    degrees = 1 / math.fsum((part / square) ** 2 / free for part, free in terms)
    error = math.sqrt(square)
    reach = _t_quantile(degrees, alpha) * error
    p_value = 2 * float(stdtr(degrees, -abs(value / error)))
    return RevenueDifference(value, error, value / error, degrees, p_value, (value - reach, value + reach))


def compare_revenue(
    strata: Sequence[RevenueStratum], *, conversions: int, other_currency_conversions: int, alpha: float = ALPHA
) -> RevenueDifference | Withheld:
    """Welch's comparison, or why there is none: over 1 % of conversions in other currencies, or under 100 orders.

    `conversions` counts both arms' conversions in every currency; the strata hold the campaign's currency alone.
    """
    if other_currency_conversions * 100 > conversions:
        return Withheld.MIXED_CURRENCY
    shared = [stratum for stratum in strata if stratum.a.visitors > 0 and stratum.b.visitors > 0]
    orders_of_a, orders_of_b = sum(each.a.orders for each in shared), sum(each.b.orders for each in shared)
    if min(orders_of_a, orders_of_b) < ORDERS_NEEDED:
        return Withheld.FEW_ORDERS
    return welch(shared, alpha) or Withheld.NO_SPREAD


def _moments(stratum: RevenueStratum) -> _Moments | None:
    a, b = stratum.a, stratum.b
    mean_a, mean_b, variance_a, variance_b = a.mean, b.mean, a.variance, b.variance
    if mean_a is None or mean_b is None or variance_a is None or variance_b is None:
        return None
    return _Moments(
        weight=a.visitors * b.visitors / (a.visitors + b.visitors),
        difference=mean_b - mean_a,
        terms=((variance_a / a.visitors, a.visitors - 1), (variance_b / b.visitors, b.visitors - 1)),
    )


def _t_quantile(degrees: float, alpha: float) -> float:
    return float(stdtrit(degrees, 1 - alpha / 2))
