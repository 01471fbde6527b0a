"""The simulation that the command line offers: seeded, and the same arithmetic as the package."""

import numpy as np
import pytest

from funnelproof.statistics import Horizon, Stratum, always_valid, difference
from funnelproof.statistics.simulation import FIVE_LOOKS, MANY_LOOKS, Scenario, findings, simulate


def test_the_same_seed_gives_the_same_figures_and_another_one_others():
    scenario = Scenario(0.05, (50, 50), 40)
    assert simulate(scenario, runs=300, seed=3) == simulate(scenario, runs=300, seed=3)
    assert simulate(scenario, runs=300, seed=3) != simulate(scenario, runs=300, seed=4)


@pytest.mark.parametrize("per_look", [(50, 50), (90, 10)])
def test_each_alarm_is_the_one_that_the_package_raises(per_look):
    scenario = Scenario(0.2, per_look, 60)
    outcome = simulate(scenario, runs=40, seed=11)
    random = np.random.default_rng([11, *per_look, 60, 2_000])
    x_a, x_b = (random.binomial(size, 0.2, (40, 60)).cumsum(axis=1) for size in per_look)
    wrong = {"always": 0, "fixed": 0}
    for run in range(40):
        strata = [
            Stratum(per_look[0] * (at + 1), int(x_a[run, at]), per_look[1] * (at + 1), int(x_b[run, at]))
            for at in range(60)
        ]
        p_values = [always_valid([stratum]).p_value for stratum in strata]
        wrong["always"] += any(p is not None and p < 0.05 for p in p_values)
        fixed = [difference([stratum]).p_value for stratum in strata]
        wrong["fixed"] += any(p is not None and p < 0.05 for p in fixed)
    assert (outcome.always_valid[-1], outcome.fixed[-1]) == (wrong["always"] / 40, wrong["fixed"] / 40)


def test_what_decides_keeps_its_promise_and_five_looks_at_a_fixed_p_do_not():
    for scenario in (MANY_LOOKS[2], FIVE_LOOKS):
        found = findings(simulate(scenario, runs=1_000, seed=1))
        assert all(finding.ok for finding in found), found
    assert found[0].rate < 0.05 < found[1].rate


def test_progress_is_told_run_by_run():
    told = []
    simulate(Scenario(0.2, (50, 50), 3), runs=450, seed=1, advance=told.append)
    assert told == [200, 200, 50]


def test_the_multiplier_is_that_of_the_always_valid_interval():
    assert Horizon(10_000.0).multiplier() == pytest.approx(3.03, abs=0.02)
