"""What holds for the whole package: nothing else of ours inside, plain numbers outside, whatever the counts."""

import dataclasses
import itertools
import math
import subprocess
import sys

import pytest

from funnelproof.statistics import (
    ArmRevenue,
    Phase,
    RevenueStratum,
    Stratum,
    always_valid,
    chance,
    compare_revenue,
    difference,
    mean_interval,
    newcombe,
    risk_ratio,
    sample_ratio,
    welch,
    wilson,
)

COUNTS = [(n, x) for n in range(4) for x in range(4)]
"""Up to 3 of 3, and the impossible ones too: more converters than visitors."""


def numbers(found):
    """Every number inside an answer, however deep."""
    if dataclasses.is_dataclass(found):
        found = [getattr(found, field.name) for field in dataclasses.fields(found)]
    if isinstance(found, tuple | list):
        for each in found:
            yield from numbers(each)
    elif found is not None and not isinstance(found, str):
        yield found


def assert_plain(*answers):
    for number in numbers(answers):
        assert type(number) in (int, float, bool)
        assert math.isfinite(number)


def assert_plain_for(strata):
    assert_plain(difference(strata), risk_ratio(strata), chance(strata))
    assert_plain(always_valid(strata), always_valid(strata, planned_visitors=1, comparisons=3))


@pytest.mark.parametrize(("n_a", "x_a"), COUNTS)
def test_no_counts_up_to_three_of_three_give_anything_but_plain_numbers(n_a, x_a):
    assert_plain(wilson(x_a, n_a))
    for n_b, x_b in COUNTS:
        stratum = Stratum(n_a, x_a, n_b, x_b)
        assert_plain(newcombe(stratum))
        assert_plain_for([stratum])
        assert_plain_for([stratum, Stratum(3, 1, 2, 1)])
        assert_plain_for([stratum, Stratum(40, 30, 400, 60)])


def test_no_entries_up_to_three_give_anything_but_plain_numbers():
    for entries in itertools.product(range(4), repeat=3):
        for buckets in itertools.product((0, 1, 9_999), repeat=3):
            assert_plain(sample_ratio([Phase(entries, buckets), Phase(entries[:2], (5_000, 5_000))]))


def test_no_revenue_of_up_to_three_visitors_gives_anything_but_plain_numbers():
    arms = [ArmRevenue(n, n, total, squares) for n in range(4) for total in (-1, 0, 3) for squares in (0, 3, 9)]
    for a, b in itertools.product(arms, arms):
        stratum = RevenueStratum(a, b)
        assert_plain(mean_interval(a), welch([stratum]), welch([stratum, stratum]))
        assert_plain(compare_revenue([stratum], conversions=0, other_currency_conversions=0))


def test_very_large_counts_give_plain_numbers():
    assert_plain_for([Stratum(10**12, 10**9, 10**12, 10**9 + 10**5)])
    assert_plain_for([Stratum(10**12, 10**12 - 1, 10**12, 1)])
    assert_plain(sample_ratio([Phase((10**12, 1), (1, 9_999))]))
    rich = ArmRevenue(10**9, 10**9, 10**21, 10**33 * 2)
    assert_plain(welch([RevenueStratum(rich, rich)]), mean_interval(rich))


def modules_after(code: str) -> list[str]:
    listing = f"import sys, funnelproof.statistics.selftest as selftest; {code}; print(*sys.modules)"
    return subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout.split()


def test_the_package_loads_scipy_with_its_first_figure_and_nothing_else_of_ours():
    assert "scipy" not in modules_after("pass")
    loaded = modules_after("selftest.run()")
    ours = {name for name in loaded if name.startswith("funnelproof.")}
    assert all(name == "funnelproof.statistics" or name.startswith("funnelproof.statistics.") for name in ours)
    assert "scipy.special" in loaded
    assert "scipy.stats" not in loaded
