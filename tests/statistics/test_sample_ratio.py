"""The split of visitors, phase by phase."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelproof.statistics.sample_ratio import Phase, log_bayes_factor, phase_ratio, sample_ratio

EVEN = (5_000, 5_000)


def test_a_closed_variant_costs_no_degree_of_freedom():
    found = sample_ratio([Phase((1_000, 1_100, 0), (5_000, 5_000, 0))])
    assert found.degrees == 1
    assert found.p_value == pytest.approx(0.0291, abs=5e-5)


def test_what_leaked_into_a_closed_variant_is_another_checks_matter():
    assert phase_ratio(Phase((1_000, 1_100, 7), (5_000, 5_000, 0))) == phase_ratio(Phase((1_000, 1_100), EVEN))


def test_the_sequential_p_has_the_printed_digits():
    assert phase_ratio(Phase((4_800, 5_200), EVEN)).sequential_p_value == pytest.approx(0.003648, abs=5e-7)


def test_the_first_phase_pays_a_factor_of_two_and_the_second_of_six():
    skewed, calm = Phase((4_800, 5_200), EVEN), Phase((5_000, 5_000), EVEN)
    alone = phase_ratio(skewed).sequential_p_value
    assert sample_ratio([skewed]).sequential_p_value == pytest.approx(2 * alone)
    later = sample_ratio([calm, skewed])
    assert later.sequential_p_value == pytest.approx(6 * alone)
    assert later.worst_phase == 1


def test_a_legal_ramp_raises_no_alarm():
    assert not sample_ratio([Phase((9_000, 1_000), (9_000, 1_000)), Phase((5_000, 5_000), EVEN)]).alarms


def test_a_large_and_unlikely_deviation_alarms():
    found = sample_ratio([Phase((5_300, 4_700), EVEN)])
    assert found.alarms
    assert found.phases[0].off_by == pytest.approx(0.03)


def test_a_deviation_below_a_tenth_of_a_point_is_unlikely_but_harmless():
    found = sample_ratio([Phase((50_095_000, 49_905_000), EVEN)])
    assert found.sequential_p_value < 0.001
    assert found.phases[0].off_by == pytest.approx(0.00095)
    assert not found.alarms


def test_a_share_off_by_exactly_a_tenth_of_a_point_counts():
    assert sample_ratio([Phase((50_100_000, 49_900_000), EVEN)]).alarms


@pytest.mark.parametrize("phase", [Phase((60, 39), EVEN), Phase((200, 0), (9_800, 200)), Phase((300,), (10_000,))])
def test_a_small_phase_has_no_chi_squared(phase):
    found = sample_ratio([phase])
    assert (found.chi_squared, found.degrees, found.p_value) == (None, None, None)


def test_small_phases_do_not_enter_the_sum():
    small, large = Phase((60, 39), EVEN), Phase((1_000, 1_100), EVEN)
    found = sample_ratio([small, large])
    assert (found.chi_squared, found.degrees) == (phase_ratio(large).chi_squared, 1)


@pytest.mark.parametrize("phases", [[], [Phase((0, 0), EVEN)], [Phase((), ())], [Phase((0,), (0,))]])
def test_no_entries_are_no_evidence(phases):
    found = sample_ratio(phases)
    assert found.sequential_p_value == 1.0
    assert found.p_value is None
    assert not found.alarms


def test_a_phase_needs_one_bucket_count_for_each_variant():
    with pytest.raises(ValueError, match="zip"):
        sample_ratio([Phase((1, 2, 3), EVEN)])


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10_000)), max_size=5), st.randoms())
def test_the_order_of_variants_does_not_matter_and_p_is_a_probability(variants, random):
    phase = Phase(tuple(n for n, _ in variants), tuple(b for _, b in variants))
    random.shuffle(variants)
    shuffled = Phase(tuple(n for n, _ in variants), tuple(b for _, b in variants))
    found = phase_ratio(phase)
    assert 0 <= found.sequential_p_value <= 1
    assert log_bayes_factor(shuffled) == pytest.approx(log_bayes_factor(phase), rel=1e-6, abs=1e-6)
    assert phase_ratio(shuffled).chi_squared == (
        None if found.chi_squared is None else pytest.approx(found.chi_squared)
    )
