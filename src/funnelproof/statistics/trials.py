"""Seeded simulations beside A/A: weights that change, intervals that must hold the truth, power, the sample ratio."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from funnelproof.statistics.peeking import Arms, Flags, Looks, Numbers, arms, ever, one_after_the_other
from funnelproof.statistics.sample_ratio import ALARM_BELOW, CONCENTRATION
from funnelproof.statistics.simulation import AT_ONCE, PEEKED_ABOVE, Advance, Band, Finding, up_to_alpha
from funnelproof.statistics.special import load

BASE, BETTER = 0.20, 0.25
PLANNED = 1_915
"""`planned_size(0.20, 0.25)`."""
POWER_NEEDED = 0.77
PHASES, LOOKS_PER_PHASE, EVERY = 4, 40, 100
LEAST_BUCKETS, ALL_BUCKETS = 500, 10_000
Draw = Callable[[np.random.Generator, int], tuple[Flags, ...]]
Bands = Callable[[int], tuple[Band | None, ...]]


@dataclass(frozen=True, slots=True)
class Trial:
    """`draw` simulates so many runs and answers, for each method, in which of them it came about at any look."""

    scenario: str
    methods: tuple[str, ...]
    looks: int
    draw: Draw
    bands: Bands


def attempt(trial: Trial, *, runs: int, seed: int, advance: Advance | None = None) -> list[Finding]:
    random = np.random.default_rng([seed, *trial.scenario.encode()])
    came = np.zeros(len(trial.methods))
    for done in range(0, runs, AT_ONCE):
        chunk = min(AT_ONCE, runs - done)
        came += [int(flags.sum()) for flags in trial.draw(random, chunk)]
        if advance is not None:
            advance(chunk)
    told = zip(trial.methods, (came / runs).tolist(), trial.bands(runs), strict=True)
    return [Finding(trial.scenario, method, trial.looks, rate, band) for method, rate, band in told]


def _weight_change(random: np.random.Generator, runs: int) -> tuple[Flags, ...]:
    """90/10 at 4 %, then 50/50 at 6 %, no difference anywhere: by phases, and as if they were one."""
    early = arms(random, (runs, 100), (90, 10), (0.04, 0.04))
    phases = one_after_the_other(early, arms(random, (runs, 100), (50, 50), (0.06, 0.06)))
    together = Arms(*(first + second for first, second in zip(*phases, strict=True)))
    return ever(Looks(phases).alarms()), ever(Looks([together]).alarms())


def _coverage(random: np.random.Generator, runs: int, *, rates: tuple[float, float]) -> tuple[Flags, ...]:
    looks = Looks([arms(random, (runs, 500), (10, 90), rates)])
    return (ever(looks.misses(truth=rates[1] - rates[0])),)


def _power(random: np.random.Generator, runs: int) -> tuple[Flags, ...]:
    """A look every 100 visitors, the last one before the planned size is passed."""
    looks = Looks([arms(random, (runs, 2 * PLANNED // EVERY), (EVERY // 2, EVERY // 2), (BASE, BETTER))])
    return (ever(looks.alarms(planned=2 * PLANNED)),)


def _sample_ratio(random: np.random.Generator, runs: int) -> tuple[Flags, ...]:
    """Four phases, each with legal weights of its own: the sequential p, χ² at each look, today's weights for all."""
    buckets = random.integers(LEAST_BUCKETS, ALL_BUCKETS - LEAST_BUCKETS + 1, (PHASES, runs))
    shares = [own[:, None] / ALL_BUCKETS for own in buckets]
    entered = [random.binomial(EVERY, share, (runs, LOOKS_PER_PHASE)).cumsum(axis=1) for share in shares]
    sequential = [
        np.exp(np.minimum(0, -log_factors(share, own))) * (j + 1) * (j + 2)
        for j, (share, own) in enumerate(zip(shares, entered, strict=True))
    ]
    alarms = np.concatenate(sequential, axis=1) < ALARM_BELOW
    fixed, before = [], np.zeros((runs, 1))
    for j, (share, own) in enumerate(zip(shares, entered, strict=True)):
        summed = before + _chi_squared(share, own)
        fixed.append(load().chdtrc(j + 1, summed))
        before = summed[:, -1:]
    history = np.sum([own[:, -1:] for own in entered], axis=0)
    naive = load().chdtrc(1, _chi_squared(shares[-1], history, PHASES * LOOKS_PER_PHASE))
    return ever(alarms), ever(np.concatenate(fixed, axis=1) < ALARM_BELOW), ever(naive < ALARM_BELOW)


def log_factors(share: Numbers, entered: Numbers) -> Numbers:
    """`log_bayes_factor` of two variants at every look of a phase; the share off by a tenth of a point is left out."""
    n, gammaln = (np.arange(entered.shape[1]) + 1) * EVERY, load().gammaln
    gain = sum(
        gammaln(CONCENTRATION * q + x) - gammaln(CONCENTRATION * q) - x * np.log(q)
        for q, x in ((share, entered), (1 - share, n - entered))
    )
    factors: Numbers = gain + gammaln(CONCENTRATION) - gammaln(CONCENTRATION + n)
    return factors


def _chi_squared(share: Numbers, entered: Numbers, looks: int | None = None) -> Numbers:
    n = (np.arange(entered.shape[1]) + 1) * EVERY if looks is None else looks * EVERY
    return (entered - n * share) ** 2 / (n * share * (1 - share))


def few_alarms(runs: int) -> Band:
    """At most 7 in 2 000."""
    expected = ALARM_BELOW * runs
    return 0.0, math.ceil(expected + 3 * math.sqrt(expected)) / runs


def power_band(runs: int) -> Band:
    """.77 at 2 000 runs and more; with fewer, as much less as chance may take."""
    return POWER_NEEDED - max(0.0, 3 * math.sqrt(POWER_NEEDED * (1 - POWER_NEEDED)) * (runs**-0.5 - 2_000**-0.5)), 1.0


TRIALS = (
    Trial(
        "weights change",
        ("always valid", "phases added up"),
        200,
        _weight_change,
        lambda runs: (up_to_alpha(runs), PEEKED_ABOVE),
    ),
    *(
        Trial(
            f"{100 * (rates[1] - rates[0]):+.0f} points, 10/90",
            ("interval misses",),
            500,
            partial(_coverage, rates=rates),
            lambda runs: (up_to_alpha(runs),),
        )
        for rates in ((BASE, BETTER), (BETTER, BASE))
    ),
    Trial("+5 points, as planned", ("found",), 38, _power, lambda runs: (power_band(runs),)),
    Trial(
        "random splits",
        ("split alarm", "χ², each look", "today's weights"),
        PHASES * LOOKS_PER_PHASE,
        _sample_ratio,
        lambda runs: (few_alarms(runs), None, None),
    ),
)
