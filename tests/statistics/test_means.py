"""Revenue per visitor from integer sums."""

import statistics as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelproof.statistics.means import (
    ArmRevenue,
    RevenueStratum,
    Withheld,
    compare_revenue,
    mean_interval,
    welch,
)

JAPANESE = ArmRevenue(visitors=79, orders=79, total=2_408, squares=76_308)
AMERICAN = ArmRevenue(visitors=249, orders=249, total=5_016, squares=111_250)
NOBODY = ArmRevenue(visitors=0, orders=0, total=0, squares=0)

amounts = st.lists(st.integers(-(10**12), 10**12), max_size=30)


def arm(spent):
    return ArmRevenue(len(spent), sum(map(bool, spent)), sum(spent), sum(y * y for y in spent))


def test_welch_gives_nists_t_and_degrees_of_freedom():
    found = welch([RevenueStratum(a=JAPANESE, b=AMERICAN)])
    assert found.t == pytest.approx(-12.94627, abs=5e-6)
    assert found.degrees == pytest.approx(136.875, abs=5e-4)
    assert found.p_value < 1e-20
    assert found.interval[0] < found.value < found.interval[1] < 0


@given(st.lists(st.integers(-(10**12), 10**12), min_size=2, max_size=30))
def test_mean_and_variance_from_the_sums_equal_a_recount(spent):
    assert arm(spent).mean == pytest.approx(float(standard.fmean(spent)))
    assert arm(spent).variance == pytest.approx(float(standard.variance(spent)))


@given(amounts, amounts)
def test_swapping_the_variants_negates_the_difference(spent_a, spent_b):
    a, b = arm(spent_a), arm(spent_b)
    found, mirrored = welch([RevenueStratum(a, b)]), welch([RevenueStratum(b, a)])
    assert (found is None) == (mirrored is None)
    if found is not None:
        low, high = found.interval
        assert (mirrored.value, mirrored.t) == pytest.approx((-found.value, -found.t))
        assert mirrored.interval == pytest.approx((-high, -low))


@given(amounts, amounts, st.integers(1, 1_000))
def test_a_phase_in_which_one_arm_has_nobody_changes_nothing(spent_a, spent_b, visitors):
    strata = [RevenueStratum(arm(spent_a), arm(spent_b))]
    lonely = RevenueStratum(ArmRevenue(visitors, visitors, 5 * visitors, 25 * visitors), NOBODY)
    assert welch([*strata, lonely]) == welch(strata)


def test_equal_strata_weigh_equally_and_halve_the_squared_error():
    one = welch([RevenueStratum(JAPANESE, AMERICAN)])
    two = welch([RevenueStratum(JAPANESE, AMERICAN)] * 2)
    assert two.value == pytest.approx(one.value)
    assert two.error**2 == pytest.approx(one.error**2 / 2)
    assert two.degrees == pytest.approx(2 * one.degrees)


def test_an_arm_of_one_visitor_has_no_variance_and_leaves_its_stratum_out():
    assert welch([RevenueStratum(arm([5]), arm([1, 2, 3]))]) is None


def test_nothing_sold_has_no_error_and_so_no_interval():
    nothing = ArmRevenue(500, 0, 0, 0)
    assert welch([RevenueStratum(nothing, nothing)]) is None
    assert mean_interval(nothing) is None
    assert mean_interval(NOBODY) is None


def test_sums_that_cannot_be_are_not_made_into_a_spread():
    impossible = ArmRevenue(visitors=3, orders=3, total=30, squares=10)
    assert impossible.variance is None
    assert mean_interval(impossible) is None


def test_one_arms_interval_lies_evenly_around_its_mean():
    low, high = mean_interval(AMERICAN)
    assert (low + high) / 2 == pytest.approx(20.14458, abs=5e-6)
    assert (high - low) / 2 == pytest.approx(1.96958 * 6.41470 / 249**0.5, rel=1e-4)


def test_revenue_is_withheld_once_more_than_one_percent_is_in_other_currencies():
    rich = [RevenueStratum(AMERICAN, AMERICAN)]
    assert compare_revenue(rich, conversions=1_000, other_currency_conversions=11) is Withheld.MIXED_CURRENCY
    assert compare_revenue(rich, conversions=1_000, other_currency_conversions=10).value == 0


def test_revenue_is_withheld_while_an_arm_has_fewer_than_100_orders():
    poor = [RevenueStratum(JAPANESE, AMERICAN)]
    assert compare_revenue(poor, conversions=328, other_currency_conversions=0) is Withheld.FEW_ORDERS
    assert compare_revenue([], conversions=0, other_currency_conversions=0) is Withheld.FEW_ORDERS


def test_revenue_that_never_varies_is_withheld():
    same = ArmRevenue(visitors=100, orders=100, total=100, squares=100)
    found = compare_revenue([RevenueStratum(same, same)], conversions=200, other_currency_conversions=0)
    assert found is Withheld.NO_SPREAD
