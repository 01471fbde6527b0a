"""Always-valid intervals and p-values, what they wait for, and Holm."""

import itertools
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from funnelproof.statistics.proportions import RiskRatio, Stratum, difference
from funnelproof.statistics.sequential import (
    AlwaysValid,
    Horizon,
    always_valid,
    always_valid_error,
    confidence_sequence,
    holm,
    lift_interval,
    sequential_p,
)

NOTHING = AlwaysValid(None, None, None, None)
FIFTH_AGAINST_QUARTER = Stratum(1_000, 200, 1_000, 250)


@st.composite
def arms_with_converters(draw):
    visitors = draw(st.integers(30, 200_000))
    return visitors, draw(st.integers(25, visitors))


busy_strata = st.lists(
    st.builds(lambda a, b: Stratum(*a, *b), arms_with_converters(), arms_with_converters()), min_size=1, max_size=3
)


def raw_p(stratum, planned_visitors=10_000):
    found = difference([stratum])
    error = always_valid_error(found)
    return None if error == 0 else sequential_p(found.value, error, Horizon(found.visitors, planned_visitors))


def test_a_fifth_against_a_quarter_has_the_printed_interval_and_p():
    found = always_valid([FIFTH_AGAINST_QUARTER], planned_visitors=2_000)
    assert found.interval == pytest.approx((-0.0067, 0.1067), abs=5e-5)
    assert found.p_value == pytest.approx(0.1239, abs=5e-5)
    assert found.lift == pytest.approx(0.25)


@given(busy_strata, st.integers(1, 10**7))
def test_zero_lies_outside_the_interval_exactly_when_p_is_below_alpha(strata, planned_visitors):
    found = always_valid(strata, planned_visitors=planned_visitors)
    assume(found.p_value is not None and abs(found.p_value - 0.05) > 1e-9)
    low, high = found.interval
    assert (low > 0 or high < 0) == (found.p_value < 0.05)


@pytest.mark.parametrize(("n_a", "n_b"), [(40, 360), (40, 40), (360, 40)])
@pytest.mark.parametrize("planned_visitors", [100, 10_000])
def test_the_always_valid_p_is_never_below_the_fixed_p(n_a, n_b, planned_visitors):
    counts = itertools.product(range(0, n_a + 1, n_a // 40), range(0, n_b + 1, n_b // 40))
    for x_a, x_b in counts:
        stratum = Stratum(n_a, x_a, n_b, x_b)
        fixed, sequential = difference([stratum]).p_value, raw_p(stratum, planned_visitors)
        assert (fixed is None) == (sequential is None)
        assert fixed is None or sequential >= fixed


@pytest.mark.parametrize(("n_a", "n_b"), [(40, 360), (360, 40)])
def test_a_small_arm_beside_a_large_one_is_not_judged_too_early_either(n_a, n_b):
    for x_a, x_b in itertools.product(range(41), range(41)):
        fixed, sequential = difference([Stratum(n_a, x_a, n_b, x_b)]).p_value, raw_p(Stratum(n_a, x_a, n_b, x_b))
        assert fixed is None or sequential >= fixed


@given(busy_strata, st.integers(1, 10**7), st.integers(1, 5))
def test_swapping_the_variants_mirrors_the_intervals_and_keeps_p(strata, planned_visitors, comparisons):
    found = always_valid(strata, planned_visitors=planned_visitors, comparisons=comparisons)
    mirrored = always_valid(
        [Stratum(s.n_b, s.x_b, s.n_a, s.x_a) for s in strata],
        planned_visitors=planned_visitors,
        comparisons=comparisons,
    )
    assume(found.p_value is not None)
    assert mirrored.p_value == pytest.approx(found.p_value, rel=1e-6, abs=1e-300)
    assert mirrored.interval == pytest.approx((-found.interval[1], -found.interval[0]), rel=1e-9, abs=1e-12)
    assert 1 + mirrored.lift == pytest.approx(1 / (1 + found.lift))
    if found.lift_interval is not None and mirrored.lift_interval is not None:
        low, high = found.lift_interval
        assert mirrored.lift_interval[0] == pytest.approx(1 / (1 + high) - 1, rel=1e-6, abs=1e-9)
        assert low <= found.lift <= high


def test_a_phase_in_which_one_arm_has_nobody_does_not_help_to_reach_25_converters():
    young, lonely = Stratum(1_000, 24, 1_000, 60), Stratum(1_000, 100, 0, 0)
    assert always_valid([young, lonely]) == always_valid([young]) == NOTHING


def test_p_waits_for_25_converters_in_the_control_and_the_interval_for_both_arms():
    assert always_valid([Stratum(1_000, 24, 1_000, 90)]) == NOTHING
    only_control = always_valid([Stratum(1_000, 90, 1_000, 24)])
    assert only_control.p_value < 0.05
    assert (only_control.interval, only_control.lift, only_control.lift_interval) == (None, None, None)
    both = always_valid([Stratum(1_000, 25, 1_000, 25)])
    assert None not in (both.p_value, both.interval, both.lift, both.lift_interval)


def test_several_comparisons_widen_the_intervals_and_leave_p_to_holm():
    one, three = always_valid([FIFTH_AGAINST_QUARTER]), always_valid([FIFTH_AGAINST_QUARTER], comparisons=3)
    assert three.interval[0] < one.interval[0] < one.interval[1] < three.interval[1]
    assert three.lift_interval[1] > one.lift_interval[1]
    assert three.p_value == one.p_value


def test_the_plan_moves_where_the_interval_is_tightest_but_alpha_does_not():
    reach = {planned: Horizon(2_000, planned).multiplier() for planned in (200, 2_000, 200_000)}
    assert reach[2_000] < min(reach[200], reach[200_000])
    assert Horizon(2_000, 2_000).information == pytest.approx(7.9361, abs=1e-4)


def test_everybody_converting_in_both_arms_says_nothing():
    assert always_valid([Stratum(50, 50, 50, 50)]) == NOTHING


def test_impossible_counts_say_nothing():
    assert always_valid([Stratum(50, 60, 50, 30)]) == NOTHING


def test_a_lift_interval_too_wide_to_write_is_withheld():
    found = always_valid([Stratum(1_000, 200, 1_000, 250)], planned_visitors=10**14)
    assert found.lift == pytest.approx(0.25)
    assert found.lift_interval is None
    assert all(map(math.isfinite, found.interval))
    assert lift_interval(RiskRatio(1.0, 0.0), Horizon(100)) is None


def test_an_estimate_far_beyond_doubt_has_a_p_of_zero_and_no_overflow():
    assert sequential_p(1.0, 1e-200, Horizon(10_000)) == 0.0
    assert confidence_sequence(1.0, 1e-200, Horizon(10_000)) == (1.0, 1.0)


def test_a_plan_of_nobody_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Horizon(100, 0)


def test_holm_steps_down_and_keeps_the_order():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


def test_holm_counts_a_comparison_that_has_no_p_yet():
    assert holm([0.01, None, 0.02]) == (pytest.approx(0.03), None, pytest.approx(0.04))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_never_lowers_a_p_nor_exceeds_bonferroni(p_values):
    for p_value, adjusted in zip(p_values, holm(p_values), strict=True):
        assert p_value <= adjusted <= min(1.0, len(p_values) * p_value)
