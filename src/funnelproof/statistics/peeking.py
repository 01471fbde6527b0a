"""The arithmetic of this package on many simulated tests at once, look by look; a test holds the two together."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from funnelproof.statistics.proportions import ALPHA, two_sided_quantile
from funnelproof.statistics.sequential import CONVERTERS_NEEDED, PLANNED_VISITORS_WITHOUT_A_PLAN, Horizon

Numbers: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


class Arms(NamedTuple):
    """One stratum: visitors and converters so far of control and variant, by run and look."""

    n_a: Counts
    x_a: Counts
    n_b: Counts
    x_b: Counts


class Looks:
    """Difference and errors at every look of every run."""

    def __init__(self, strata: Sequence[Arms]) -> None:
        self.strata = strata
        moments = [_moments(arms) for arms in strata]
        weight, weighted, pooled, unpooled = (sum(parts) for parts in zip(*moments, strict=True))
        self.visitors: Numbers = 4 * weight
        self.value: Numbers = weighted / weight
        self.se_pooled: Numbers = np.sqrt(pooled) / weight
        self.error: Numbers = np.maximum(self.se_pooled, np.sqrt(unpooled) / weight)

    def reach(self, planned: int = PLANNED_VISITORS_WITHOUT_A_PLAN) -> Numbers:
        """Half the always-valid interval at 1 − .05."""
        v = self.visitors * Horizon(1.0, planned).information
        reach: Numbers = self.error * np.sqrt(2 * (v + 1) / v * (np.log1p(v) / 2 - np.log(ALPHA)))
        return reach

    def alarms(self, planned: int = PLANNED_VISITORS_WITHOUT_A_PLAN) -> Flags:
        """Where the always-valid p is below alpha."""
        return self.enough(both=False) & (np.abs(self.value) > self.reach(planned))

    def fixed_alarms(self) -> Flags:
        """Where the p that holds for one look is below alpha."""
        return np.asarray(np.abs(self.value) > two_sided_quantile(ALPHA) * self.se_pooled)

    def misses(self, truth: float, planned: int = PLANNED_VISITORS_WITHOUT_A_PLAN) -> Flags:
        """Where an interval is shown and does not hold the true difference."""
        return self.enough(both=True) & (np.abs(self.value - truth) > self.reach(planned))

    def enough(self, *, both: bool) -> Flags:
        of_a = sum(arms.x_a for arms in self.strata) >= CONVERTERS_NEEDED
        of_b = sum(arms.x_b for arms in self.strata) >= CONVERTERS_NEEDED
        return np.asarray(of_a & of_b if both else of_a)


def arms(
    random: np.random.Generator, shape: tuple[int, int], per_look: tuple[int, int], rates: tuple[float, float]
) -> Arms:
    """`shape` is (runs, looks); between two looks `per_look` visitors enter control and variant."""
    looks = np.arange(1, shape[1] + 1)
    x_a, x_b = (random.binomial(size, rate, shape).cumsum(axis=1) for size, rate in zip(per_look, rates, strict=True))
    return Arms(looks * per_look[0], x_a, looks * per_look[1], x_b)


def one_after_the_other(first: Arms, second: Arms) -> tuple[Arms, Arms]:
    """Two strata of one test: while the second runs, the first stands still."""
    looks = second.x_a.shape[1]
    early = (np.concatenate([own, np.repeat(own[..., -1:], looks, axis=-1)], axis=-1) for own in first)
    before = first.x_a.shape[1]
    late = (np.concatenate([np.zeros((*own.shape[:-1], before), own.dtype), own], axis=-1) for own in second)
    return Arms(*early), Arms(*late)


def ever(found: Flags) -> Flags:
    """By run: whether it came about at any look."""
    return np.asarray(found.any(axis=1))


def _moments(arms: Arms) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Weight, weighted difference, pooled and unpooled spread; all 0 where an arm has nobody yet."""
    n_a, n_b = np.maximum(arms.n_a, 1), np.maximum(arms.n_b, 1)
    weight = arms.n_a * arms.n_b / np.maximum(arms.n_a + arms.n_b, 1)
    p_a, p_b = arms.x_a / n_a, arms.x_b / n_b
    pooled = (arms.x_a + arms.x_b) / np.maximum(arms.n_a + arms.n_b, 1)
    unpooled = weight**2 * (p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)
    return weight, weight * (p_b - p_a), weight * pooled * (1 - pooled), unpooled
