"""Every value of `vectors.json`, independently recomputed elsewhere, against this build, with all its digits."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import Any

from funnelproof.statistics.chance import chance
from funnelproof.statistics.means import ArmRevenue, RevenueStratum, welch
from funnelproof.statistics.proportions import Interval, Stratum, difference, risk_ratio, wilson
from funnelproof.statistics.sample_ratio import Phase, log_bayes_factor, phase_ratio, sample_ratio
from funnelproof.statistics.sequential import (
    Horizon,
    always_valid_error,
    confidence_sequence,
    lift_interval,
    sequential_p,
)
from funnelproof.statistics.sizing import fixed_size, fixed_size_at_baseline, planned_size

Value = tuple[str, float | None, float | None]
"""Its name, what is expected, what this build computes; None where there is nothing to say."""
Case = Mapping[str, Any]
RELATIVE, ABSOLUTE = 1e-7, 1e-12
PRINTED = {"welch_t": 5e-6, "welch_df": 5e-4, "pooled_20_plus5pp": 5e-3}
"""Values that are known to their printed digits only."""


def load() -> dict[str, Any]:
    """The vectors as they were shipped."""
    found: dict[str, Any] = json.loads(files(__package__).joinpath("vectors.json").read_text("utf-8"))
    return found


def values() -> Iterator[Value]:
    """Every value of every section, its name beginning with the section's."""
    for section, cases in load().items():
        for place, case in enumerate(cases if isinstance(cases, list) else [cases], start=1):
            for name, expected, observed in SECTIONS[section](case):
                yield f"{section} {place} {name}", expected, observed


def agrees(name: str, expected: float | None, observed: float | None) -> bool:
    if expected is None or observed is None:
        return expected is observed
    printed = PRINTED.get(name.rpartition(" ")[2])
    if printed is not None:
        return abs(expected - observed) <= printed
    return math.isclose(expected, observed, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def _pair(name: str, expected: list[float] | None, observed: Interval | None) -> Iterator[Value]:
    low, high = expected or (None, None)
    seen_low, seen_high = observed or (None, None)
    yield f"{name}[0]", low, seen_low
    yield f"{name}[1]", high, seen_high


def _phase(entries: list[float], shares: list[float]) -> Phase:
    return Phase(tuple(int(n) for n in entries), tuple(round(10_000 * share) for share in shares))


def _srm(case: Case) -> Iterator[Value]:
    found = phase_ratio(_phase(case["observed"], case["weights"]))
    yield "chi2", case["chi2"], found.chi_squared
    yield "df", case["df"], found.degrees
    yield "p", case["p"], found.p_value


def _ssrm(case: Case) -> Iterator[Value]:
    factor = log_bayes_factor(_phase(case["n"], case["p"]), concentration=case["k"])
    yield "log_bf", case["log_bf"], factor
    yield "p_value", case["p_value"], math.exp(-max(0.0, factor))


def _two_prop(case: Case) -> Iterator[Value]:
    found = difference([Stratum(n_a=case["n"], x_a=case["a"], n_b=case["m"], x_b=case["b"])])
    yield "z_pooled", case["z_pooled"], found.z if found else None
    yield "p_pooled", case["p_pooled"], found.p_value if found else None
    yield "z_unpooled", case["z_unpooled"], found.value / found.se_unpooled if found else None
    yield from _pair("newcombe", case["newcombe"], found.interval if found else None)


def _welch(case: Case) -> Iterator[Value]:
    """NIST's sums, of which the means and deviations of the vectors are rounded."""
    american = ArmRevenue(visitors=case["n"][0], orders=0, total=5_016, squares=111_250)
    japanese = ArmRevenue(visitors=case["n"][1], orders=0, total=2_408, squares=76_308)
    found = welch([RevenueStratum(a=japanese, b=american)])
    yield "welch_t", case["welch_t"], found.t if found else None
    yield "welch_df", case["welch_df"], found.degrees if found else None


def _wilson(case: Case) -> Iterator[Value]:
    yield from _pair("wilson", case["wilson"], wilson(case["x"], case["n"]))


def _beta_binomial(case: Case) -> Iterator[Value]:
    found = chance([Stratum(n_a=case["nA"], x_a=case["xA"], n_b=case["nB"], x_b=case["xB"])])
    yield "p_b_gt_a", case["p_b_gt_a"], found.variant_wins if found else None
    yield "exp_loss_choose_b", case["exp_loss_choose_b"], found.loss_choosing_variant if found else None
    yield "exp_loss_choose_a", case["exp_loss_choose_a"], found.loss_choosing_control if found else None


def _sequence(case: Case) -> Iterator[Value]:
    horizon = Horizon(visitors=case["n"], planned_visitors=case["N_star"])
    yield "rho", case["rho"], math.sqrt(horizon.information / case["n"])
    yield from _pair("ci", case["ci"], confidence_sequence(case["point"], case["se"], horizon, case["alpha"]))
    yield "p", case["p"], sequential_p(case["point"], case["se"], horizon)


def _power(case: Case) -> Iterator[Value]:
    yield "evan_miller_20_plus5pp", case["evan_miller_20_plus5pp"], fixed_size_at_baseline(0.20, 0.25)
    yield "pooled_20_plus5pp", case["pooled_20_plus5pp"], fixed_size(0.20, 0.25)
    yield "planned_20_plus5pp", case["planned_20_plus5pp"], planned_size(0.20, 0.25)


def _comparison(case: Case) -> Iterator[Value]:
    """Before any withholding for want of converters."""
    strata = [Stratum(*phase) for phase in case["phases"]]
    found, ratio = difference(strata), risk_ratio(strata)
    if found is None:
        yield "difference", case["difference"], None
        return
    for name, observed in (("difference", found.value), ("z", found.z), ("p_value", found.p_value)):
        yield name, case[name], observed
    for name, observed in (("se_pooled", found.se_pooled), ("se_unpooled", found.se_unpooled)):
        yield name, case[name], observed
    horizon, error = Horizon(found.visitors, case["n_star"]), always_valid_error(found)
    yield "n_eff", case["n_eff"], found.visitors
    interval = confidence_sequence(found.value, error, horizon, case["alpha"])
    yield from _pair("always_valid", case["always_valid"], interval)
    yield "always_valid_p", case["always_valid_p"], sequential_p(found.value, error, horizon)
    yield "risk_ratio", case["risk_ratio"], ratio.value if ratio else None
    yield "log_rr_se", case["log_rr_se"], ratio.log_error if ratio else None
    lift = lift_interval(ratio, horizon, case["alpha"]) if ratio else None
    yield from _pair("always_valid_lift", case["always_valid_lift"], lift)


def _srm_phases(case: Case) -> Iterator[Value]:
    phases = [Phase(tuple(each["visitors"]), tuple(each["buckets"])) for each in case["phases"]]
    found = sample_ratio(phases)
    for place, (each, phase) in enumerate(zip(case["phases"], phases, strict=True)):
        ratio = phase_ratio(phase)
        yield f"phases[{place}].chi2", each["chi2"], ratio.chi_squared
        yield f"phases[{place}].p", each["p"], ratio.p_value
        yield f"phases[{place}].log_bf_k100", each["log_bf_k100"], log_bayes_factor(phase)
        yield f"phases[{place}].sequential_p", each["sequential_p"], ratio.sequential_p_value
    yield "chi2", case["chi2"], found.chi_squared
    yield "df", case["df"], found.degrees
    yield "p_value", case["p_value"], found.p_value
    yield "sequential_p", case["sequential_p"], found.sequential_p_value
    arms = zip(*(each["visitors"] for each in case["phases"]), strict=True)
    naive = phase_ratio(Phase(tuple(sum(arm) for arm in arms), (5_000, 5_000)))
    yield "naive_today_split_p", case["naive_today_split_p"], naive.p_value


SECTIONS: Mapping[str, Callable[[Case], Iterator[Value]]] = {
    "srm": _srm,
    "ssrm": _ssrm,
    "two_prop": _two_prop,
    "welch_nist": _welch,
    "wilson": _wilson,
    "beta_binomial": _beta_binomial,
    "asymptotic_cs": _sequence,
    "power": _power,
    "comparison": _comparison,
    "srm_phases": _srm_phases,
}
