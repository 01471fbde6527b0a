"""Seeded A/A tests: two equal variants, looked at again and again; how often is a difference found that is not there?

Weights that change, true differences, power and the sample ratio are in `trials`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from funnelproof.statistics.peeking import Looks, arms
from funnelproof.statistics.proportions import ALPHA

Band = tuple[float, float]
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
    band: Band | None

    @property
    def ok(self) -> bool:
        return self.band is None or self.band[0] <= self.rate <= self.band[1]


MANY_LOOKS = tuple(Scenario(rate, per_look, 500) for rate in (0.01, 0.05, 0.20) for per_look in ((50, 50), (90, 10)))
FIVE_LOOKS = Scenario(0.20, (1_000, 1_000), 5)
SCENARIOS = (*MANY_LOOKS, FIVE_LOOKS)
PEEKED_ABOVE: Band = (0.35, 1.0)
"""What looking each time at a figure for one look comes to, at least."""
Advance = Callable[[int], object]


def simulate(scenario: Scenario, *, runs: int, seed: int, advance: Advance | None = None) -> Outcome:
    """`advance` is told how many runs were done since it was last told."""
    random = np.random.default_rng([seed, *scenario.per_look, scenario.looks, round(scenario.rate * 10_000)])
    always, fixed, once = np.zeros(scenario.looks), np.zeros(scenario.looks), 0
    for done in range(0, runs, AT_ONCE):
        chunk = min(AT_ONCE, runs - done)
        looks = Looks([arms(random, (chunk, scenario.looks), scenario.per_look, (scenario.rate, scenario.rate))])
        alarms, naive = looks.alarms(), looks.fixed_alarms()
        always += np.logical_or.accumulate(alarms, axis=1).sum(axis=0)
        fixed += np.logical_or.accumulate(naive, axis=1).sum(axis=0)
        once += int(naive[:, -1].sum())
        if advance is not None:
            advance(chunk)
    return Outcome(scenario, runs, tuple((always / runs).tolist()), tuple((fixed / runs).tolist()), once / runs)


def findings(outcome: Outcome) -> list[Finding]:
    """Always valid: at most alpha. Fixed: alpha if looked at once; far more the oftener one looks."""
    scenario, runs = outcome.scenario, outcome.runs
    found = [Finding(scenario.name, "always valid", scenario.looks, outcome.always_valid[-1], up_to_alpha(runs))]
    if scenario.looks == FIVE_LOOKS.looks:
        spread = _spread(FIVE_LOOKS_ALPHA, runs)
        band = (max(0.0, FIVE_LOOKS_ALPHA - spread), FIVE_LOOKS_ALPHA + spread)
        return [*found, Finding(scenario.name, "fixed, 5 looks", 5, outcome.fixed[-1], band)]
    band = (max(0.0, ALPHA - _spread(ALPHA, runs)), ALPHA + _spread(ALPHA, runs))
    return [
        *found,
        Finding(scenario.name, "fixed, one look", 1, outcome.fixed_once, band),
        Finding(scenario.name, "fixed, each look", scenario.looks, outcome.fixed[-1], PEEKED_ABOVE),
    ]


def _spread(rate: float, runs: int) -> float:
    return DEVIATIONS * math.sqrt(rate * (1 - rate) / runs)


def up_to_alpha(runs: int) -> Band:
    """At most alpha, and three standard deviations of chance."""
    return 0.0, ALPHA + _spread(ALPHA, runs)
