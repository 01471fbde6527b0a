"""Sizes, progress and days."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelproof.statistics.sizing import days_left, fixed_size, fixed_size_at_baseline, planned_size, progress


def test_twenty_percent_plus_five_points_has_the_printed_sizes():
    assert fixed_size(0.20, 0.25) == pytest.approx(1_093.74, abs=5e-3)
    assert fixed_size_at_baseline(0.20, 0.25) == pytest.approx(1_030.22, abs=5e-3)
    assert planned_size(0.20, 0.25) == 1_915


@given(st.floats(0.0001, 0.9), st.floats(0.01, 1))
def test_a_smaller_lift_needs_more_visitors(rate, lift):
    larger, smaller = planned_size(rate, lift), planned_size(rate, lift / 2)
    assert larger is None or smaller > larger


@pytest.mark.parametrize(
    ("rate", "lift"), [(0, 0.1), (1, 0.1), (0.5, 1), (0.5, 0), (0.2, 1e-20), (-0.1, 0.1), (math.nan, 0.1), (0.1, 1e308)]
)
def test_a_plan_that_cannot_be_has_no_size(rate, lift):
    assert planned_size(rate, lift) is None


@given(st.floats(), st.floats())
def test_no_plan_gives_anything_but_a_size_or_nothing(rate, lift):
    found = planned_size(rate, lift)
    assert found is None or found >= 1


def test_the_arm_furthest_behind_sets_the_progress():
    assert progress(1_000, [400, 250]) == 0.25
    assert progress(1_000, [4_000, 2_500]) == 1.0
    assert progress(1_000, []) == 0.0


def test_the_slowest_arm_sets_the_days():
    assert days_left(1_915, [1_000, 500], [200, 100]) == 15
    assert days_left(1_915, [500, 1_000], [100, 200]) == 15
    assert days_left(1_915, [1_915, 2_000], [0, 0]) == 0
    assert days_left(1_915, [1_915, 500], [0, 100]) == 15


def test_no_days_are_promised_while_an_arm_receives_nobody():
    assert days_left(1_915, [1_000, 500], [200, 0]) is None
    assert days_left(1_915, [1_000, 500], [200, 5e-324]) is None
