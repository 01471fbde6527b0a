"""The published values these methods are known by, recomputed on the installed build."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from funnelproof.statistics import vectors
from funnelproof.statistics.chance import chance
from funnelproof.statistics.means import ArmRevenue, RevenueStratum, welch
from funnelproof.statistics.proportions import Stratum, difference, risk_ratio, wilson
from funnelproof.statistics.sample_ratio import Phase, sample_ratio
from funnelproof.statistics.sequential import always_valid, holm
from funnelproof.statistics.sizing import fixed_size, fixed_size_at_baseline, planned_size

Values = tuple[float | None, ...]


class Check(NamedTuple):
    """One value: where it stands, what was printed there, what this build computes, and whether they agree."""

    name: str
    expected: float | None
    observed: float | None
    ok: bool
    is_printed: bool = True
    """Whether it is one of the few that were published in print, or one of the many vectors."""


class _Published(NamedTuple):
    """Digits exactly as printed: the last one says how closely they must be met."""

    name: str
    digits: tuple[str, ...]
    recompute: Callable[[], Values]


def run() -> list[Check]:
    """Every published value against this build, in the order of the documentation, then every vector."""
    printed = [check for published in PUBLISHED for check in _checks(published)]
    return printed + [
        Check(name, expected, observed, vectors.agrees(name, expected, observed), is_printed=False)
        for name, expected, observed in vectors.values()
    ]


def agrees(digits: str, observed: float | None) -> bool:
    """Whether the observed value rounds to the printed one: at most half a unit of its last digit away."""
    decimals = len(digits.partition(".")[2])
    return observed is not None and abs(observed - float(digits)) <= 0.5 * 10**-decimals


def _checks(published: _Published) -> Iterator[Check]:
    observed = published.recompute()
    for place, digits in enumerate(published.digits):
        name = published.name if len(published.digits) == 1 else f"{published.name} [{place + 1}]"
        yield Check(name, float(digits), observed[place], agrees(digits, observed[place]))


def _wilson(converters: int, visitors: int) -> Callable[[], Values]:
    return lambda: wilson(converters, visitors) or (None, None)


def _newcombe() -> Values:
    found = difference([Stratum(n_a=80, x_a=48, n_b=70, x_b=56)])
    return found.interval if found and found.interval else (None, None)


def _cochran() -> Values:
    found = difference([_QUARTER_AGAINST_FIFTH])
    return (found.value, found.se_pooled, found.se_unpooled, found.p_value) if found else (None,) * 4


def _greenland_robins() -> Values:
    found = risk_ratio([_QUARTER_AGAINST_FIFTH])
    return (found.value, found.log_error) if found else (None, None)


def _always_valid() -> Values:
    found = always_valid([_QUARTER_AGAINST_FIFTH], planned_visitors=2_000)
    return (*(found.interval or (None, None)), found.p_value, *(found.lift_interval or (None, None)))


def _auto83b() -> Values:
    japanese = ArmRevenue(visitors=79, orders=79, total=2_408, squares=76_308)
    american = ArmRevenue(visitors=249, orders=249, total=5_016, squares=111_250)
    found = welch([RevenueStratum(a=japanese, b=american)])
    return (found.t, found.degrees) if found else (None, None)


def _beta_binomial() -> Values:
    found = chance([Stratum(n_a=10, x_a=0, n_b=10, x_b=1)])
    return (found.variant_wins if found else None,)


def _fixed_ratio() -> Values:
    found = sample_ratio([Phase(entries=(1_000, 1_100, 0), buckets=(5_000, 5_000, 0))])
    return found.degrees, found.p_value


def _sequential_ratio() -> Values:
    # One phase: its own p, before the factor for being the first of several.
    return (sample_ratio([Phase(entries=(4_800, 5_200), buckets=(5_000, 5_000))]).phases[0].sequential_p_value,)


_QUARTER_AGAINST_FIFTH = Stratum(n_a=1_000, x_a=200, n_b=1_000, x_b=250)

PUBLISHED = (
    _Published("Newcombe 1998: Wilson interval of 81/263", ("0.2553", "0.3662"), _wilson(81, 263)),
    _Published("Newcombe 1998: Wilson interval of 15/148", ("0.0624", "0.1605"), _wilson(15, 148)),
    _Published("Newcombe 1998: Wilson interval of 0/20", ("0.0000", "0.1611"), _wilson(0, 20)),
    _Published("Newcombe 1998: hybrid score interval of 56/70 − 48/80", ("0.0524", "0.3339"), _newcombe),
    _Published(
        "Cochran 1954, recomputed: 200 and 250 of 1 000, difference, both errors, p",
        ("0.05", "0.0186748", "0.0186414", "0.0074"),
        _cochran,
    ),
    _Published(
        "Greenland & Robins 1985, recomputed: 200 and 250 of 1 000, ratio and log error",
        ("1.25", "0.0836660"),
        _greenland_robins,
    ),
    _Published("NIST AUTO83B: Welch's t and degrees of freedom", ("-12.94627", "136.875"), _auto83b),
    _Published("Miller; Stucchio 2015: chance that 1/10 beats 0/10 is 16/21", ("0.761904762",), _beta_binomial),
    _Published(
        "Waudby-Smith et al., arXiv 2103.06476, recomputed: 200 and 250 of 1 000, N* 2 000, interval, p, lift",
        ("-0.0067", "0.1067", "0.1239", "-0.0303", "0.6114"),
        _always_valid,
    ),
    _Published("Fabijan et al., KDD 2019: 1 000/1 100/0 at .5/.5/0, df and p", ("1", "0.0291"), _fixed_ratio),
    _Published("Lindon & Malek, NeurIPS 2022: 4 800/5 200, k = 100, p", ("0.003648",), _sequential_ratio),
    _Published("Sizing for 20 % + 5 points, one look", ("1093.74",), lambda: (fixed_size(0.20, 0.25),)),
    _Published("Sizing for 20 % + 5 points, any number of looks", ("1915",), lambda: (planned_size(0.20, 0.25),)),
    _Published("Miller: sizing for 20 % + 5 points", ("1030.22",), lambda: (fixed_size_at_baseline(0.20, 0.25),)),
    _Published("Holm 1979, by hand: .01, .04, .03", ("0.03", "0.06", "0.06"), lambda: holm((0.01, 0.04, 0.03))),
)
