"""Seeded simulations: how often each method is wrong when somebody looks every 100 visitors.

The package takes one set of counts at a time; `Looks` does the same arithmetic on all runs at once, and the first
test holds the two together.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import gammaln, ndtri

from funnelproof.statistics import Horizon, Phase, Stratum, always_valid, difference, sample_ratio

RUNS = 2_000
EVERY = 100
BAND = 0.05 + 3 * 0.0049
FIXED_Z = float(ndtri(0.975))


@dataclass
class Looks:
    """Difference and errors at every look of every run. Each stratum: n_a, x_a, n_b, x_b, arrays (runs, looks)."""

    strata: list[tuple]

    def __post_init__(self):
        total = pooled = unpooled = weighted = 0.0
        for n_a, x_a, n_b, x_b in self.strata:
            n = n_a + n_b
            weight = n_a * n_b / np.maximum(n, 1)
            p_a, p_b, p = x_a / np.maximum(n_a, 1), x_b / np.maximum(n_b, 1), (x_a + x_b) / np.maximum(n, 1)
            total = total + weight
            weighted = weighted + weight * (p_b - p_a)
            pooled = pooled + weight * p * (1 - p)
            spread = p_a * (1 - p_a) / np.maximum(n_a, 1) + p_b * (1 - p_b) / np.maximum(n_b, 1)
            unpooled = unpooled + weight**2 * spread
        self.visitors = 4 * total
        self.value = weighted / total
        self.se_pooled = np.sqrt(pooled) / total
        self.error = np.maximum(self.se_pooled, np.sqrt(unpooled) / total)

    def reach(self, planned):
        """Half the always-valid interval at 1 − .05."""
        v = self.visitors * Horizon(1.0, planned).information
        return self.error * np.sqrt(2 * (v + 1) / v * (np.log1p(v) / 2 - np.log(0.05)))

    def enough(self, *, both):
        of_a, of_b = sum(stratum[1] for stratum in self.strata), sum(stratum[3] for stratum in self.strata)
        return (of_a >= 25) & (of_b >= 25) if both else of_a >= 25

    def alarms(self, planned=10_000):
        return self.enough(both=False) & (np.abs(self.value) > self.reach(planned))

    def fixed_alarms(self):
        return np.abs(self.value) > FIXED_Z * self.se_pooled

    def misses(self, truth, planned=10_000):
        return self.enough(both=True) & (np.abs(self.value - truth) > self.reach(planned))


def ever(alarms):
    """The share of runs in which it happened at any look."""
    return alarms.any(axis=1).mean()


def arm(random, per_look, rate, looks):
    """Visitors and converters of one arm, running totals."""
    return np.arange(1, looks + 1) * per_look, random.binomial(per_look, rate, (RUNS, looks)).cumsum(axis=1)


def one_phase(seed, *, per_look, rates, looks):
    random = np.random.default_rng(seed)
    return Looks([(*arm(random, per_look[0], rates[0], looks), *arm(random, per_look[1], rates[1], looks))])


def with_a_weight_change(seed, *, pooled=False):
    """90/10 at 4 % for 100 looks, then 50/50 at 6 % for 100 more; no difference between the arms."""
    random = np.random.default_rng(seed)
    early = [*arm(random, 90, 0.04, 100), *arm(random, 10, 0.04, 100)]
    late = [*arm(random, 50, 0.06, 100), *arm(random, 50, 0.06, 100)]
    first = [np.concatenate([counts, np.repeat(counts[..., -1:], 100, axis=-1)], axis=-1) for counts in early]
    second = [np.concatenate([np.zeros_like(counts), counts], axis=-1) for counts in late]
    if pooled:
        return Looks([tuple(one + two for one, two in zip(first, second, strict=True))])
    return Looks([tuple(first), tuple(second)])


def test_the_simulated_arithmetic_is_that_of_the_package():
    looks = with_a_weight_change(seed=11)
    for run, look in [(0, 60), (1, 99), (2, 100), (3, 150), (4, 199)]:
        strata = [
            Stratum(int(n_a[look]), int(x_a[run, look]), int(n_b[look]), int(x_b[run, look]))
            for n_a, x_a, n_b, x_b in looks.strata
        ]
        found, fixed = always_valid(strata), difference(strata)
        assert fixed.value == pytest.approx(looks.value[run, look])
        assert fixed.se_pooled == pytest.approx(looks.se_pooled[run, look])
        assert (found.p_value is not None) == looks.enough(both=False)[run, look]
        if found.interval is not None:
            reach = looks.reach(10_000)[run, look]
            assert found.interval == pytest.approx((fixed.value - reach, fixed.value + reach))


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.20])
@pytest.mark.parametrize("per_look", [(50, 50), (90, 10)], ids=["50/50", "90/10"])
def test_two_equal_variants_looked_at_500_times_keep_the_promised_rate_of_false_alarms(rate, per_look):
    looks = one_phase(20_260_101, per_look=per_look, rates=(rate, rate), looks=500)
    assert ever(looks.alarms()) <= BAND
    assert ever(looks.fixed_alarms()) > 0.35


def test_five_looks_at_a_fixed_p_raise_the_false_alarms_to_the_published_14_percent():
    looks = one_phase(5, per_look=(1_000, 1_000), rates=(0.2, 0.2), looks=5)
    assert ever(looks.fixed_alarms()) == pytest.approx(0.1417, abs=0.024)


def test_a_weight_change_while_the_base_rate_moves_invents_no_winner():
    assert ever(with_a_weight_change(seed=7).alarms()) <= BAND
    assert with_a_weight_change(seed=7).fixed_alarms()[:, -1].mean() <= BAND


def test_pooling_the_phases_of_a_weight_change_would_invent_winners():
    assert ever(with_a_weight_change(seed=7, pooled=True).alarms()) > 0.35


@pytest.mark.parametrize("rates", [(0.20, 0.25), (0.25, 0.20)], ids=["better", "worse"])
def test_a_true_difference_of_five_points_at_10_to_90_stays_inside_the_interval(rates):
    looks = one_phase(13, per_look=(10, 90), rates=rates, looks=500)
    assert ever(looks.misses(truth=rates[1] - rates[0])) <= BAND


def test_the_planned_size_finds_the_planned_difference_at_least_77_times_in_100():
    looks = one_phase(17, per_look=(50, 50), rates=(0.20, 0.25), looks=38)
    assert ever(looks.alarms(planned=2 * 1_915)) >= 0.77


@dataclass
class Splits:
    """Four phases of 40 looks each, in every run with its own legal weights; entries are (runs, looks)."""

    buckets: list[np.ndarray]
    entries: list[np.ndarray]

    def log_factors(self, phase):
        share = self.buckets[phase][:, None] / 10_000
        n = (np.arange(40) + 1) * EVERY
        in_a = self.entries[phase]
        gain = sum(
            gammaln(100 * q + x) - gammaln(100 * q) - x * np.log(q) for q, x in [(share, in_a), (1 - share, n - in_a)]
        )
        return gain + gammaln(100) - gammaln(100 + n)

    def alarms(self):
        """Each look's own alarm; the share off by a tenth of a point is left out, which can only add alarms."""
        smallest = [np.exp(np.minimum(0, -self.log_factors(j))) * (j + 1) * (j + 2) for j in range(4)]
        return np.concatenate(smallest, axis=1) < 0.001


def random_splits(seed):
    random = np.random.default_rng(seed)
    buckets = [random.integers(500, 9_501, RUNS) for _ in range(4)]
    entries = [random.binomial(EVERY, b[:, None] / 10_000, (RUNS, 40)).cumsum(axis=1) for b in buckets]
    return Splits(buckets, entries)


def test_random_legal_weight_changes_raise_at_most_7_sample_ratio_alarms_in_2000_runs():
    splits = random_splits(19)
    assert splits.alarms().any(axis=1).sum() <= 7
    phases = [
        Phase((int(n[0, -1]), 4_000 - int(n[0, -1])), (int(b[0]), 10_000 - int(b[0])))
        for b, n in zip(splits.buckets, splits.entries, strict=True)
    ]
    expected = [np.exp(min(0, -splits.log_factors(j)[0, -1])) for j in range(4)]
    assert [each.sequential_p_value for each in sample_ratio(phases).phases] == pytest.approx(expected, rel=1e-6)
