"""Seeded simulations: how often each method is wrong when somebody looks every 100 visitors.

The package takes one set of counts at a time; `peeking` does the same arithmetic on all runs at once, and tests hold
the two together.
"""

import numpy as np
import pytest

from funnelproof.statistics import Phase, Stratum, always_valid, difference, sample_ratio
from funnelproof.statistics.peeking import Arms, Looks, arms, ever, one_after_the_other
from funnelproof.statistics.trials import TRIALS, attempt, log_factors

RUNS = 2_000
EVERY = 100
BAND = 0.05 + 3 * 0.0049


def share(flags):
    """The share of runs in which it happened at any look."""
    return ever(flags).mean()


def one_phase(seed, *, per_look, rates, looks):
    return Looks([arms(np.random.default_rng(seed), (RUNS, looks), per_look, rates)])


def with_a_weight_change(seed, *, pooled=False):
    """90/10 at 4 % for 100 looks, then 50/50 at 6 % for 100 more; no difference between the arms."""
    random = np.random.default_rng(seed)
    early, late = (arms(random, (RUNS, 100), *plan) for plan in [((90, 10), (0.04, 0.04)), ((50, 50), (0.06, 0.06))])
    phases = one_after_the_other(early, late)
    return Looks([Arms(*(one + two for one, two in zip(*phases, strict=True)))] if pooled else phases)


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
    assert share(looks.alarms()) <= BAND
    assert share(looks.fixed_alarms()) > 0.35


def test_five_looks_at_a_fixed_p_raise_the_false_alarms_to_the_published_14_percent():
    looks = one_phase(5, per_look=(1_000, 1_000), rates=(0.2, 0.2), looks=5)
    assert share(looks.fixed_alarms()) == pytest.approx(0.1417, abs=0.024)


def test_a_weight_change_while_the_base_rate_moves_invents_no_winner():
    assert share(with_a_weight_change(seed=7).alarms()) <= BAND
    assert with_a_weight_change(seed=7).fixed_alarms()[:, -1].mean() <= BAND


def test_pooling_the_phases_of_a_weight_change_would_invent_winners():
    assert share(with_a_weight_change(seed=7, pooled=True).alarms()) > 0.35


@pytest.mark.parametrize("rates", [(0.20, 0.25), (0.25, 0.20)], ids=["better", "worse"])
def test_a_true_difference_of_five_points_at_10_to_90_stays_inside_the_interval(rates):
    looks = one_phase(13, per_look=(10, 90), rates=rates, looks=500)
    assert share(looks.misses(truth=rates[1] - rates[0])) <= BAND


def test_the_planned_size_finds_the_planned_difference_at_least_77_times_in_100():
    looks = one_phase(17, per_look=(50, 50), rates=(0.20, 0.25), looks=38)
    assert share(looks.alarms(planned=2 * 1_915)) >= 0.77


def test_the_simulated_split_is_judged_as_the_package_judges_it():
    random = np.random.default_rng(19)
    buckets = random.integers(500, 9_501, 4)
    entered = [random.binomial(EVERY, own / 10_000, (1, 40)).cumsum(axis=1) for own in buckets]
    phases = [
        Phase((int(n[0, -1]), 4_000 - int(n[0, -1])), (int(own), 10_000 - int(own)))
        for own, n in zip(buckets, entered, strict=True)
    ]
    factors = [log_factors(np.array([[own / 10_000]]), n)[0, -1] for own, n in zip(buckets, entered, strict=True)]
    expected = [np.exp(min(0, -factor)) for factor in factors]
    assert [each.sequential_p_value for each in sample_ratio(phases).phases] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.scenario)
def test_each_trial_that_the_command_line_offers_stays_within_its_band(trial):
    found = attempt(trial, runs=RUNS, seed=1)
    assert all(finding.ok for finding in found), found
    assert attempt(trial, runs=100, seed=3) == attempt(trial, runs=100, seed=3)


def test_random_legal_weight_changes_raise_at_most_7_sample_ratio_alarms_in_2000_runs():
    (sequential, fixed, naive) = attempt(TRIALS[-1], runs=RUNS, seed=19)
    assert sequential.band == (0.0, 7 / RUNS)
    assert sequential.rate * RUNS <= 7
    assert fixed.rate > 10 * 0.001
    assert naive.rate > 0.9
