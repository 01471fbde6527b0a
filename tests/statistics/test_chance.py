"""Chance to win and expected loss."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnelproof.statistics.chance import CLOSED_FORM_TERMS, Beta, chance, chance_above
from funnelproof.statistics.proportions import Stratum

small_arms = st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
small_strata = st.lists(st.builds(lambda a, b: Stratum(*a, *b), small_arms, small_arms), min_size=1, max_size=3)


def swapped(strata):
    return [Stratum(s.n_b, s.x_b, s.n_a, s.x_a) for s in strata]


def test_one_of_ten_beats_none_of_ten_in_16_of_21():
    assert chance([Stratum(10, 0, 10, 1)]).variant_wins == pytest.approx(16 / 21, abs=1e-12)


@given(small_strata)
def test_swapping_the_variants_complements_the_chance_and_exchanges_the_losses(strata):
    found, mirrored = chance(strata), chance(swapped(strata))
    if found is None:
        assert mirrored is None
        return
    assert mirrored.variant_wins == pytest.approx(1 - found.variant_wins, abs=1e-9)
    assert mirrored.loss_choosing_variant == pytest.approx(found.loss_choosing_control, abs=1e-9)


betas = st.builds(Beta, st.integers(1, 60), st.integers(1, 60))


@settings(max_examples=25)
@given(betas, betas)
def test_the_chance_agrees_with_adding_up_thin_slices_of_both_posteriors(low, high):
    slices = [(i + 0.5) / 2_000 for i in range(2_000)]
    above = of_all_low = of_all_high = 0.0
    for rate in slices:
        of_low, of_high = density(low, rate), density(high, rate)
        above += of_high * (of_all_low + of_low / 2)
        of_all_low += of_low
        of_all_high += of_high
    assert chance_above(low, high) == pytest.approx(above / (of_all_low * of_all_high), abs=1e-3)


def density(beta, rate):
    scale = math.lgamma(beta.alpha + beta.beta) - math.lgamma(beta.alpha) - math.lgamma(beta.beta)
    return math.exp(scale + (beta.alpha - 1) * math.log(rate) + (beta.beta - 1) * math.log(1 - rate))


def test_losses_differ_by_the_difference_of_the_posterior_means():
    found = chance([Stratum(100, 40, 200, 90)])
    assert found.loss_choosing_control - found.loss_choosing_variant == pytest.approx(91 / 202 - 41 / 102, abs=1e-12)


def test_many_counts_pass_to_the_normal_form_without_a_jump():
    n, x = 400_000, CLOSED_FORM_TERMS - 1
    summed, normal = chance([Stratum(n, x, n, x + 150)]), chance([Stratum(n, x + 2, n, x + 152)])
    assert normal.variant_wins == pytest.approx(summed.variant_wins, abs=1e-3)
    assert normal.loss_choosing_variant == pytest.approx(summed.loss_choosing_variant, rel=0.02)


def test_several_strata_are_read_off_the_normal_curve():
    found = chance([Stratum(900, 90, 100, 10), Stratum(500, 50, 500, 50)])
    assert found.variant_wins == pytest.approx(0.5)
    assert found.loss_choosing_variant == pytest.approx(found.loss_choosing_control)


def test_an_arm_without_visitors_leaves_the_chance_to_the_other_phases():
    phase = Stratum(100, 40, 200, 90)
    assert chance([phase, Stratum(10, 5, 0, 0)]) == chance([phase])


@pytest.mark.parametrize("strata", [[], [Stratum(0, 0, 9, 3)], [Stratum(5, 0, 5, 0)] * 2, [Stratum(5, 6, 5, 1)]])
def test_nothing_to_compare_leaves_no_chance_to_state(strata):
    assert chance(strata) is None
