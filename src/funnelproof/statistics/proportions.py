"""Rates of visitors who convert: the interval of one rate, and two rates compared stratum by stratum."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from funnelproof.statistics.special import ndtri

Interval = tuple[float, float]
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Stratum:
    """Visitors (n) and converters (x) of control (a) and variant (b) while the weights stood still."""

    n_a: int
    x_a: int
    n_b: int
    x_b: int

    @property
    def is_possible(self) -> bool:
        return 0 <= self.x_a <= self.n_a and 0 <= self.x_b <= self.n_b

    @property
    def weight(self) -> float:
        """Cochran's w = n_a n_b / (n_a + n_b), in visitors."""
        return self.n_a * self.n_b / (self.n_a + self.n_b)

    @property
    def rates(self) -> tuple[float, float]:
        return self.x_a / self.n_a, self.x_b / self.n_b

    @property
    def pooled_rate(self) -> float:
        return (self.x_a + self.x_b) / (self.n_a + self.n_b)


@dataclass(frozen=True, slots=True)
class Difference:
    """Variant's rate minus control's, as fractions of 1. z, p and interval hold for one look only."""

    value: float
    se_pooled: float
    se_unpooled: float
    visitors: float
    """4 Σw: how many visitors an evenly split test of the same precision would have had."""
    z: float | None
    p_value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class RiskRatio:
    """Variant's rate over control's, and the standard error of the ratio's natural logarithm."""

    value: float
    log_error: float


def comparable(strata: Sequence[Stratum]) -> tuple[Stratum, ...]:
    """The strata in which both arms have visitors; none at all if any holds more converters than visitors."""
    if not all(stratum.is_possible for stratum in strata):
        return ()
    return tuple(stratum for stratum in strata if stratum.n_a and stratum.n_b)


def two_sided_quantile(alpha: float) -> float:
    """The normal quantile that leaves alpha/2 above it: 1.96 for .05."""
    return float(ndtri(1 - alpha / 2))


def two_sided_p(z: float) -> float:
    """How often a standard normal lies at least as far from 0 as z."""
    return math.erfc(abs(z) / math.sqrt(2))


def wilson(converters: int, visitors: int, alpha: float = ALPHA) -> Interval | None:
    """Score interval of a rate at 1 − alpha, as fractions; None without visitors or with impossible counts.

    Source: Wilson 1927; method 3 of Newcombe 1998 (Statistics in Medicine 17, 857).
    """
    if visitors < 1 or not 0 <= converters <= visitors:
        return None
    z = two_sided_quantile(alpha)
    widened = visitors + z * z
    centre = (converters + z * z / 2) / widened
    reach = z / widened * math.sqrt(converters * (visitors - converters) / visitors + z * z / 4)
    low = 0.0 if converters == 0 else max(0.0, centre - reach)
    high = 1.0 if converters == visitors else min(1.0, centre + reach)
    return low, high


def newcombe(stratum: Stratum, alpha: float = ALPHA) -> Interval | None:
    """Hybrid score interval of variant − control at 1 − alpha; None if an arm has nobody.

    Each end adds in squares how far each arm's own Wilson interval reaches in that direction.
    Source: method 10 of Newcombe 1998 (Statistics in Medicine 17, 873).
    """
    of_a, of_b = wilson(stratum.x_a, stratum.n_a, alpha), wilson(stratum.x_b, stratum.n_b, alpha)
    if of_a is None or of_b is None:
        return None
    rate_a, rate_b = stratum.rates
    below = math.hypot(rate_b - of_b[0], of_a[1] - rate_a)
    above = math.hypot(of_b[1] - rate_b, rate_a - of_a[0])
    return rate_b - rate_a - below, rate_b - rate_a + above


def difference(strata: Sequence[Stratum], alpha: float = ALPHA) -> Difference | None:
    """Cochran-weighted difference of rates over strata; None if no stratum has visitors in both arms.

    z and p rest on the pooled error and are None where nobody or everybody converted. The interval is
    Newcombe's for one stratum, else value ± 1.96 unpooled errors. Source: Cochran 1954 (Biometrics 10, 417).
    """
    usable = comparable(strata)
    if not usable:
        return None
    weight = math.fsum(stratum.weight for stratum in usable)
    value = math.fsum(stratum.weight * (stratum.rates[1] - stratum.rates[0]) for stratum in usable) / weight
    se_pooled = math.sqrt(math.fsum(_pooled_spread(stratum) for stratum in usable)) / weight
    se_unpooled = math.sqrt(math.fsum(_unpooled_spread(stratum) for stratum in usable)) / weight
    z = value / se_pooled if se_pooled > 0 else None
    return Difference(
        value=value,
        se_pooled=se_pooled,
        se_unpooled=se_unpooled,
        visitors=4 * weight,
        z=z,
        p_value=None if z is None else two_sided_p(z),
        interval=newcombe(usable[0], alpha) if len(usable) == 1 else _around(value, se_unpooled, alpha),
    )


def risk_ratio(strata: Sequence[Stratum]) -> RiskRatio | None:
    """Mantel–Haenszel ratio of rates with its error on the log scale; None if an arm's weighted sum is 0.

    Source: Greenland & Robins 1985 (Biometrics 41, 55).
    """
    usable = comparable(strata)
    of_b = math.fsum(stratum.x_b * stratum.n_a / (stratum.n_a + stratum.n_b) for stratum in usable)
    of_a = math.fsum(stratum.x_a * stratum.n_b / (stratum.n_a + stratum.n_b) for stratum in usable)
    if of_a == 0 or of_b == 0:
        return None
    spread = math.fsum(_ratio_spread(stratum) for stratum in usable)
    return RiskRatio(value=of_b / of_a, log_error=math.sqrt(spread / (of_a * of_b)))


def _pooled_spread(stratum: Stratum) -> float:
    return stratum.weight * stratum.pooled_rate * (1 - stratum.pooled_rate)


def _unpooled_spread(stratum: Stratum) -> float:
    rate_a, rate_b = stratum.rates
    return stratum.weight**2 * (rate_a * (1 - rate_a) / stratum.n_a + rate_b * (1 - rate_b) / stratum.n_b)


def _ratio_spread(stratum: Stratum) -> float:
    """(n_a n_b x − x_a x_b n)/n², written as a sum of terms that cannot be negative."""
    of_b = stratum.x_b * stratum.n_b * (stratum.n_a - stratum.x_a)
    of_a = stratum.x_a * stratum.n_a * (stratum.n_b - stratum.x_b)
    return (of_a + of_b) / (stratum.n_a + stratum.n_b) ** 2


def _around(value: float, error: float, alpha: float) -> Interval | None:
    """An error of 0 is not certainty but a lack of data: no interval."""
    if error == 0:
        return None
    reach = two_sided_quantile(alpha) * error
    return value - reach, value + reach
