"""Every reference value of tests/vectors/statistics.json, to far more digits than anyone prints."""

import json
import math
from pathlib import Path

import pytest

from funnelproof.statistics import vectors
from funnelproof.statistics.chance import chance
from funnelproof.statistics.means import ArmRevenue, RevenueStratum, welch
from funnelproof.statistics.proportions import Stratum, difference, newcombe, risk_ratio, wilson
from funnelproof.statistics.sample_ratio import Phase, log_bayes_factor, phase_ratio, sample_ratio
from funnelproof.statistics.sequential import (
    Horizon,
    always_valid_error,
    confidence_sequence,
    lift_interval,
    sequential_p,
)
from funnelproof.statistics.sizing import fixed_size, fixed_size_at_baseline, planned_size

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "statistics.json").read_text(encoding="utf-8"))


def close(value, rel=1e-9):
    return pytest.approx(value, rel=rel, abs=1e-12)


def in_buckets(weights):
    return tuple(round(weight * 10_000) for weight in weights)


def test_no_section_of_the_vectors_is_left_out():
    assert set(VECTORS) == {
        "srm", "ssrm", "two_prop", "welch_nist", "wilson", "beta_binomial", "asymptotic_cs", "power", "comparison",
        "srm_phases",
    }  # fmt: skip


def test_the_installed_build_carries_the_same_vectors_and_meets_each():
    assert vectors.load() == VECTORS
    assert set(vectors.SECTIONS) == set(VECTORS)
    found = list(vectors.values())
    assert [each for each in found if not vectors.agrees(*each)] == []
    assert len(found) > 100


def test_a_vector_that_is_off_is_found_out():
    assert not vectors.agrees("srm 1 p", 0.5, 0.500001)
    assert not vectors.agrees("comparison 2 risk_ratio", None, 1.0)
    assert not vectors.agrees("welch_nist 1 welch_t", -12.94627, -12.94629)
    assert vectors.agrees("welch_nist 1 welch_t", -12.94627, -12.946274)


@pytest.mark.parametrize("case", VECTORS["srm"], ids=str)
def test_a_fixed_sample_ratio_is_the_chi_squared_test(case):
    entries = tuple(int(n) for n in case["observed"])
    found = phase_ratio(Phase(entries=entries, buckets=in_buckets(case["weights"])))
    assert found.chi_squared == close(case["chi2"])
    assert found.degrees == case["df"]
    assert found.p_value == close(case["p"])


@pytest.mark.parametrize("case", VECTORS["ssrm"], ids=str)
def test_a_sequential_sample_ratio_is_the_dirichlet_multinomial_factor(case):
    phase = Phase(entries=tuple(int(n) for n in case["n"]), buckets=in_buckets(case["p"]))
    log_factor = log_bayes_factor(phase, concentration=case["k"])
    assert log_factor == close(case["log_bf"], rel=1e-7)
    assert min(1, math.exp(-log_factor)) == pytest.approx(case["p_value"], rel=1e-7)
    if case["k"] == 100:
        assert phase_ratio(phase).sequential_p_value == pytest.approx(case["p_value"], rel=1e-7)


@pytest.mark.parametrize("case", VECTORS["two_prop"], ids=str)
def test_two_rates_give_the_pooled_z_the_unpooled_error_and_newcombe(case):
    stratum = Stratum(n_a=case["n"], x_a=case["a"], n_b=case["m"], x_b=case["b"])
    found = difference([stratum])
    assert found.z == close(case["z_pooled"])
    assert found.p_value == close(case["p_pooled"])
    assert found.value / found.se_unpooled == close(case["z_unpooled"])
    assert math.erfc(abs(case["z_unpooled"]) / math.sqrt(2)) == close(case["p_unpooled"])
    assert found.interval == newcombe(stratum) == close(tuple(case["newcombe"]))


def test_fishers_exact_p_is_more_cautious_than_the_pooled_z():
    assert all(case["fisher_p"] > case["p_pooled"] for case in VECTORS["two_prop"])


@pytest.mark.parametrize("case", VECTORS["wilson"], ids=str)
def test_the_wilson_interval_lies_inside_the_exact_one(case):
    low, high = wilson(case["x"], case["n"])
    assert (low, high) == close(tuple(case["wilson"]))
    exact_low, exact_high = case["clopper_pearson"]
    assert exact_low <= low < high < exact_high


def test_welch_from_integer_sums_is_nists():
    case = VECTORS["welch_nist"]
    american = ArmRevenue(visitors=case["n"][0], orders=0, total=5_016, squares=111_250)
    japanese = ArmRevenue(visitors=case["n"][1], orders=0, total=2_408, squares=76_308)
    assert (american.mean, japanese.mean) == pytest.approx(case["mean"], abs=5e-6)
    assert (math.sqrt(american.variance), math.sqrt(japanese.variance)) == pytest.approx(case["sd"], abs=5e-6)
    found = welch([RevenueStratum(a=japanese, b=american)])
    assert found.t == pytest.approx(case["welch_t"], abs=5e-6)
    assert found.degrees == pytest.approx(case["welch_df"], abs=5e-4)
    assert abs(found.t) > abs(case["pooled_t"])
    assert found.degrees < case["pooled_df"]


@pytest.mark.parametrize("case", VECTORS["beta_binomial"], ids=str)
def test_chance_to_win_and_both_losses_follow_from_the_posteriors(case):
    found = chance([Stratum(n_a=case["nA"], x_a=case["xA"], n_b=case["nB"], x_b=case["xB"])])
    assert found.variant_wins == close(case["p_b_gt_a"])
    assert found.loss_choosing_variant == close(case["exp_loss_choose_b"], rel=1e-7)
    assert found.loss_choosing_control == close(case["exp_loss_choose_a"], rel=1e-7)


@pytest.mark.parametrize("case", VECTORS["asymptotic_cs"], ids=str)
def test_the_confidence_sequence_is_the_published_one(case):
    horizon = Horizon(visitors=case["n"], planned_visitors=case["N_star"])
    assert math.sqrt(horizon.information / case["n"]) == close(case["rho"])
    assert confidence_sequence(case["point"], case["se"], horizon, case["alpha"]) == close(tuple(case["ci"]))
    assert sequential_p(case["point"], case["se"], horizon) == pytest.approx(case["p"], rel=1e-9)


def test_sizes_are_the_published_ones():
    case = VECTORS["power"]
    assert fixed_size_at_baseline(0.20, 0.25) == close(case["evan_miller_20_plus5pp"])
    assert fixed_size(0.20, 0.25) == pytest.approx(case["pooled_20_plus5pp"], abs=5e-3)
    assert planned_size(0.20, 0.25) == case["planned_20_plus5pp"]


@pytest.mark.parametrize("case", VECTORS["comparison"], ids=lambda case: str(case["phases"]))
def test_a_comparison_is_the_reference_one_before_any_withholding(case):
    strata = [Stratum(*phase) for phase in case["phases"]]
    found = difference(strata)
    assert found.value == close(case["difference"])
    assert (found.se_pooled, found.se_unpooled) == close((case["se_pooled"], case["se_unpooled"]))
    assert (found.z, found.p_value) == close((case["z"], case["p_value"]))
    assert found.visitors == close(case["n_eff"])
    horizon, error = Horizon(found.visitors, case["n_star"]), always_valid_error(found)
    interval = confidence_sequence(found.value, error, horizon, case["alpha"])
    assert interval == close(tuple(case["always_valid"]))
    assert sequential_p(found.value, error, horizon) == close(case["always_valid_p"])
    ratio = risk_ratio(strata)
    if case["risk_ratio"] is None:
        assert ratio is None
    else:
        assert (ratio.value, ratio.log_error) == close((case["risk_ratio"], case["log_rr_se"]))
        assert lift_interval(ratio, horizon, case["alpha"]) == close(tuple(case["always_valid_lift"]))


def test_phases_of_different_weights_are_judged_each_by_its_own():
    case = VECTORS["srm_phases"]
    phases = [Phase(tuple(each["visitors"]), tuple(each["buckets"])) for each in case["phases"]]
    found = sample_ratio(phases)
    for each, phase, expected in zip(found.phases, phases, case["phases"], strict=True):
        assert (each.chi_squared, each.p_value) == close((expected["chi2"], expected["p"]))
        assert log_bayes_factor(phase) == close(expected["log_bf_k100"], rel=1e-7)
        assert each.sequential_p_value == pytest.approx(expected["sequential_p"], rel=1e-7)
    assert (found.chi_squared, found.degrees) == (close(case["chi2"]), case["df"])
    assert found.p_value == close(case["p_value"])
    assert found.sequential_p_value == pytest.approx(case["sequential_p"], rel=1e-7)
    assert found.worst_phase == 2


def test_todays_weights_against_all_history_would_always_alarm():
    case = VECTORS["srm_phases"]
    arms = zip(*(each["visitors"] for each in case["phases"]), strict=True)
    naive = phase_ratio(Phase(entries=tuple(sum(arm) for arm in arms), buckets=(5_000, 5_000)))
    assert naive.p_value == close(case["naive_today_split_p"])
