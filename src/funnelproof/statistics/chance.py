"""How likely the variant is the better one, and what a wrong choice costs. For reading: peeking inflates both."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from funnelproof.statistics.proportions import Stratum, comparable, difference
from funnelproof.statistics.special import betaln, ndtr

CLOSED_FORM_TERMS = 10_000
"""From here on the normal approximation differs by less than anyone reads, and the sum takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Chance:
    """Probability that the variant's rate is higher, and the rate given away on average by choosing either."""

    variant_wins: float
    loss_choosing_variant: float
    loss_choosing_control: float


@dataclass(frozen=True, slots=True)
class Beta:
    """A rate's posterior: alpha − 1 converters and beta − 1 others were seen, every rate being as likely before."""

    alpha: int
    beta: int

    @property
    def mean(self) -> float:
        return self.alpha / (self.alpha + self.beta)

    @property
    def with_one_more_converter(self) -> "Beta":
        return Beta(self.alpha + 1, self.beta)

    @property
    def of_the_others(self) -> "Beta":
        """The posterior of 1 − rate."""
        return Beta(self.beta, self.alpha)


def chance(strata: Sequence[Stratum]) -> Chance | None:
    """Chance to win and expected losses, as fractions. Not proof against peeking.

    One stratum: independent Beta(1, 1) priors. Several, or too many counts to sum: normal around the weighted
    difference with its unpooled error. None if no stratum has both arms, or several show no spread at all.
    """
    usable = comparable(strata)
    if len(usable) != 1:
        return _normal_chance(usable)
    only = usable[0]
    control, variant = Beta(only.x_a + 1, only.n_a - only.x_a + 1), Beta(only.x_b + 1, only.n_b - only.x_b + 1)
    if min(control.alpha, control.beta, variant.alpha, variant.beta) > CLOSED_FORM_TERMS:
        return _normal_chance(usable)
    return _beta_chance(control, variant)


def chance_above(low: Beta, high: Beta) -> float:
    """Probability that the rate behind `high` exceeds the one behind `low`, by the shortest of four equal sums.

    Source: Miller, "Formulas for Bayesian A/B testing"; the other three follow by exchanging the arms and by
    counting those who do not convert instead of those who do.
    """
    shortest = min(low.alpha, low.beta, high.alpha, high.beta)
    if shortest == high.alpha:
        found = _sum_over_alpha(low, high)
    elif shortest == low.alpha:
        found = 1 - _sum_over_alpha(high, low)
    elif shortest == low.beta:
        found = _sum_over_alpha(high.of_the_others, low.of_the_others)
    else:
        found = 1 - _sum_over_alpha(low.of_the_others, high.of_the_others)
    return min(1.0, max(0.0, found))


def _beta_chance(control: Beta, variant: Beta) -> Chance:
    """Expected losses after Stucchio 2015: E[(a − b)⁺] from two chances with one more converter each."""
    loss_variant = control.mean * (1 - chance_above(control.with_one_more_converter, variant)) - variant.mean * (
        1 - chance_above(control, variant.with_one_more_converter)
    )
    return Chance(
        variant_wins=chance_above(control, variant),
        loss_choosing_variant=max(0.0, loss_variant),
        loss_choosing_control=max(0.0, loss_variant + variant.mean - control.mean),
    )


def _sum_over_alpha(low: Beta, high: Beta) -> float:
    """Σ over i < high.alpha, each term from the one before; in logarithms, as the first may be too small to write."""
    others = low.beta + high.beta
    log_term = float(betaln(low.alpha, others) - betaln(low.alpha, low.beta))
    total = 0.0
    for i in range(high.alpha):
        total += math.exp(log_term)
        log_term += math.log((low.alpha + i) * (high.beta + i) / ((low.alpha + i + others) * (1 + i)))
    return total


def _normal_chance(usable: Sequence[Stratum]) -> Chance | None:
    found = difference(usable)
    if found is None or found.se_unpooled == 0:
        return None
    z = found.value / found.se_unpooled
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    loss_variant = found.se_unpooled * (density - z * float(ndtr(-z)))
    loss_control = found.se_unpooled * (density + z * float(ndtr(z)))
    return Chance(float(ndtr(z)), max(0.0, loss_variant), max(0.0, loss_control))
