"""Rates, their difference and their ratio, over one stratum and several."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelproof.statistics.proportions import Stratum, comparable, difference, newcombe, risk_ratio, wilson


@st.composite
def arms(draw, most=5_000):
    visitors = draw(st.integers(0, most))
    return visitors, draw(st.integers(0, visitors))


strata_of_any_size = st.lists(st.builds(lambda a, b: Stratum(*a, *b), arms(), arms()), max_size=4)


def swapped(strata):
    return [Stratum(s.n_b, s.x_b, s.n_a, s.x_a) for s in strata]


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("converters", "visitors", "printed"),
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0, 0.1611))],
)
def test_wilson_intervals_are_newcombes_to_the_printed_digits(converters, visitors, printed):
    assert wilson(converters, visitors) == pytest.approx(printed, abs=5e-5)


def test_the_hybrid_score_interval_is_newcombes_to_the_printed_digits():
    interval = difference([Stratum(n_a=80, x_a=48, n_b=70, x_b=56)]).interval
    assert interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_fifth_against_a_quarter_has_the_printed_fixed_p():
    assert difference([Stratum(1_000, 200, 1_000, 250)]).p_value == pytest.approx(0.0074, abs=5e-5)


def test_a_wilson_interval_starts_at_nobody_and_ends_at_everybody():
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0


@pytest.mark.parametrize(("converters", "visitors"), [(0, 0), (3, 2), (-1, 5)])
def test_a_rate_without_visitors_or_with_impossible_counts_has_no_interval(converters, visitors):
    assert wilson(converters, visitors) is None


@given(strata_of_any_size)
def test_swapping_the_variants_negates_differences_and_inverts_ratios(strata):
    found, mirrored = difference(strata), difference(swapped(strata))
    assert (found is None) == (mirrored is None)
    if found is not None:
        assert mirrored.value == near(-found.value)
        assert mirrored.p_value == (None if found.p_value is None else near(found.p_value))
        if found.interval is None:
            assert mirrored.interval is None
        else:
            assert mirrored.interval == near((-found.interval[1], -found.interval[0]))
    ratio, inverse = risk_ratio(strata), risk_ratio(swapped(strata))
    assert (ratio is None) == (inverse is None)
    if ratio is not None:
        assert (inverse.value, inverse.log_error) == near((1 / ratio.value, ratio.log_error))


@given(arms(), arms())
def test_one_stratum_equals_the_plain_formulas(control, variant):
    (n_a, x_a), (n_b, x_b) = control, variant
    found = difference([Stratum(n_a, x_a, n_b, x_b)])
    if not (n_a and n_b):
        assert found is None
        return
    rate_a, rate_b, pooled = x_a / n_a, x_b / n_b, (x_a + x_b) / (n_a + n_b)
    assert found.value == near(rate_b - rate_a)
    assert found.se_pooled == near(math.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b)))
    assert found.se_unpooled == near(math.sqrt(rate_a * (1 - rate_a) / n_a + rate_b * (1 - rate_b) / n_b))
    assert found.interval == newcombe(Stratum(n_a, x_a, n_b, x_b))
    if x_a and x_b:
        ratio = risk_ratio([Stratum(n_a, x_a, n_b, x_b)])
        assert ratio.value == near(rate_b / rate_a)
        assert ratio.log_error == pytest.approx(math.sqrt(abs(1 / x_a + 1 / x_b - 1 / n_a - 1 / n_b)), abs=1e-7)


@given(strata_of_any_size, arms(), st.booleans(), st.integers(0, 4))
def test_a_phase_in_which_one_arm_has_nobody_changes_nothing(strata, arm, only_control, place):
    lonely = Stratum(*arm, 0, 0) if only_control else Stratum(0, 0, *arm)
    longer = [*strata[:place], lonely, *strata[place:]]
    assert difference(longer) == difference(strata)
    assert risk_ratio(longer) == risk_ratio(strata)


def test_several_strata_weigh_each_difference_by_cochran():
    first, second = Stratum(900, 36, 100, 9), Stratum(500, 30, 500, 40)
    found = difference([first, second])
    assert found.value == near((90 * 0.05 + 250 * 0.02) / 340)
    assert found.visitors == near(4 * 340)
    low, high = found.interval
    assert (high - low) / 2 == pytest.approx(1.96 * found.se_unpooled, rel=1e-4)
    assert (high + low) / 2 == near(found.value)


def test_pooled_phases_would_invent_a_winner_where_strata_see_none():
    early, late = Stratum(9_000, 360, 1_000, 40), Stratum(5_000, 300, 5_000, 300)
    assert difference([early, late]).value == near(0)
    pooled = difference([Stratum(14_000, 660, 6_000, 340)])
    assert pooled.value > 0.009
    assert pooled.p_value < 0.01


def test_more_converters_than_visitors_give_no_estimate_at_all():
    strata = [Stratum(100, 10, 100, 12), Stratum(100, 101, 100, 10)]
    assert comparable(strata) == ()
    assert difference(strata) is None
    assert risk_ratio(strata) is None
    assert newcombe(strata[1]) is None


def test_rates_without_any_spread_have_no_p_and_several_no_interval():
    nobody = Stratum(50, 0, 60, 0)
    assert difference([nobody]).p_value is None
    assert difference([nobody]).interval is not None
    assert difference([nobody, nobody]).interval is None
