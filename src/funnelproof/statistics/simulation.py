"""Seeded A/A tests: two equal variants, looked at again and again; how often is a difference found that is not there?

The arithmetic of the package, done on all runs at once; a test holds the two together.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from funnelproof.statistics.proportions import ALPHA, two_sided_quantile
from funnelproof.statistics.sequential import CONVERTERS_NEEDED, PLANNED_VISITORS_WITHOUT_A_PLAN, Horizon

Numbers: TypeAlias = NDArray[np.float64]
AT_ONCE = 200
DEVIATIONS = 3
FIVE_LOOKS_ALPHA = 0.1417
"""Published for a fixed-horizon test looked at five times (Armitage, McPherson & Rowe 1969)."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Both variants convert at `rate`; between two looks `per_look` visitors enter control and variant."""

    rate: float
    per_look: tuple[int, int]
    looks: int

    @property
    def name(self) -> str:
        share = round(100 * self.per_look[0] / sum(self.per_look))
        return f"{100 * self.rate:g} %, {share}/{100 - share}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Shares of runs that were wrong by each look, for both methods; and at the last look alone, fixed."""

    scenario: Scenario
    runs: int
    always_valid: tuple[float, ...]
    fixed: tuple[float, ...]
    fixed_once: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A realised false-alarm rate beside its band; without band it is only shown."""

    scenario: str
    method: str
    looks: int
    rate: float
    band: tuple[float, float] | None

    @property
    def ok(self) -> bool:
        return self.band is None or self.band[0] <= self.rate <= self.band[1]


MANY_LOOKS = tuple(Scenario(rate, per_look, 500) for rate in (0.01, 0.05, 0.20) for per_look in ((50, 50), (90, 10)))
FIVE_LOOKS = Scenario(0.20, (1_000, 1_000), 5)
SCENARIOS = (*MANY_LOOKS, FIVE_LOOKS)
Advance = Callable[[int], object]


def simulate(scenario: Scenario, *, runs: int, seed: int, advance: Advance | None = None) -> Outcome:
    """`advance` is told how many runs were done since it was last told."""
    random = np.random.default_rng([seed, *scenario.per_look, scenario.looks, round(scenario.rate * 10_000)])
    always, fixed, once = np.zeros(scenario.looks), np.zeros(scenario.looks), 0
    for done in range(0, runs, AT_ONCE):
        chunk = min(AT_ONCE, runs - done)
        alarms, naive = _alarms(scenario, random, chunk)
        always += np.logical_or.accumulate(alarms, axis=1).sum(axis=0)
        fixed += np.logical_or.accumulate(naive, axis=1).sum(axis=0)
        once += int(naive[:, -1].sum())
        if advance is not None:
            advance(chunk)
    return Outcome(scenario, runs, tuple((always / runs).tolist()), tuple((fixed / runs).tolist()), once / runs)


def findings(outcome: Outcome) -> list[Finding]:
    """Always valid: at most alpha. Fixed: alpha if looked at once; far more the oftener one looks."""
    scenario, runs = outcome.scenario, outcome.runs
    found = [Finding(scenario.name, "always valid", scenario.looks, outcome.always_valid[-1], (0.0, _above(runs)))]
    if scenario.looks == FIVE_LOOKS.looks:
        band = (FIVE_LOOKS_ALPHA - _spread(FIVE_LOOKS_ALPHA, runs), FIVE_LOOKS_ALPHA + _spread(FIVE_LOOKS_ALPHA, runs))
        return [*found, Finding(scenario.name, "fixed, looked at 5 times", 5, outcome.fixed[-1], band)]
    band = (ALPHA - _spread(ALPHA, runs), _above(runs))
    return [
        *found,
        Finding(scenario.name, "fixed, looked at once", 1, outcome.fixed_once, band),
        Finding(scenario.name, "fixed, looked at each time", scenario.looks, outcome.fixed[-1], None),
    ]


def _alarms(scenario: Scenario, random: np.random.Generator, runs: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """At each look of each run: whether the always-valid and the fixed p fall below alpha."""
    looks = np.arange(1, scenario.looks + 1)
    (n_a, n_b), shape = (looks * per_look for per_look in scenario.per_look), (runs, scenario.looks)
    x_a, x_b = (random.binomial(per_look, scenario.rate, shape).cumsum(axis=1) for per_look in scenario.per_look)
    pooled_rate = (x_a + x_b) / (n_a + n_b)
    weight = n_a * n_b / (n_a + n_b)
    p_a, p_b = x_a / n_a, x_b / n_b
    pooled = np.sqrt(pooled_rate * (1 - pooled_rate) / weight)
    unpooled = np.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)
    distance = np.abs(p_b - p_a)
    is_beyond = distance > np.maximum(pooled, unpooled) * _multipliers(4 * weight)
    return (x_a >= CONVERTERS_NEEDED) & is_beyond, distance > two_sided_quantile(ALPHA) * pooled


def _multipliers(visitors: Sequence[float] | Numbers) -> Numbers:
    return np.array([Horizon(float(n), PLANNED_VISITORS_WITHOUT_A_PLAN).multiplier() for n in visitors])


def _spread(rate: float, runs: int) -> float:
    return DEVIATIONS * math.sqrt(rate * (1 - rate) / runs)


def _above(runs: int) -> float:
    return ALPHA + _spread(ALPHA, runs)
