"""Slices that say the opposite of the whole, and counters that differ from the rows: found by reading the visitors."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cast import Cast, Client, make_cast
from conftest import MakeInstallation
from funnelproof.app import Application
from funnelproof.clock import DAY, SetClock
from funnelproof.results.counts import Cell, Counts, Place, Split
from funnelproof.results.inspect import Inspector
from funnelproof.results.inspections import Miscount, miscounts
from funnelproof.results.slices import Slice, told_apart
from funnelproof.statistics import Stratum, always_valid, holm
from results.conftest import CAMPAIGNS, FUNNEL, Crowd, Test

EVEN = {1: 5_000, 2: 5_000, 3: 5_000}
WHOLE = Counts(1, (Split(1, 0, 100, EVEN),), {}, {}, 0, 0, 0, {}, {})


def cells(**arms: tuple[int, int]) -> dict[Place, Cell]:
    """`cells(a=(1000, 50), b=…)`: visitors and converters."""
    numbers = {"a": 1, "b": 2, "c": 3}
    return {Place(1, numbers[name], "COOKIE"): Cell(n, 0, x, x) for name, (n, x) in arms.items()}


def named(found: Sequence[Slice]) -> list[tuple[int, str, str]]:
    return [(own.variant, own.dimension, own.value) for own in found]


def test_a_slice_is_told_with_its_own_always_valid_interval() -> None:
    sliced = {("device", "MOBILE"): cells(a=(4_000, 400), b=(4_000, 250)), ("device", "DESKTOP"): cells(a=(900, 90))}
    (own,) = told_apart(WHOLE, 1, [2], sliced, planned=10_000)
    assert (own.variant, own.dimension, own.value) == (2, "device", "MOBILE")
    assert own.interval == always_valid([Stratum(4_000, 400, 4_000, 250)]).interval
    assert (own.visitors, own.converters) == ((4_000, 4_000), (400, 250))
    assert own.difference == pytest.approx(-0.0375)


@pytest.mark.parametrize(("converters", "is_told"), [(24, False), (25, True)])
def test_a_slice_needs_25_converters_in_each_arm(converters: int, is_told: bool) -> None:  # noqa: FBT001
    sliced = {("country", "DE"): cells(a=(1_000, 200), b=(1_000, converters))}
    assert bool(told_apart(WHOLE, 1, [2], sliced, planned=10_000)) is is_told


def test_p_is_adjusted_over_all_slices_of_all_variants() -> None:
    odd = cells(a=(2_000, 200), b=(2_000, 272), c=(2_000, 205))
    dull = {("source", f"s{at}"): cells(a=(2_000, 200), b=(2_000, 203)) for at in range(20)}
    alone = always_valid([Stratum(2_000, 200, 2_000, 272)]).p_value
    assert alone is not None
    assert 0.05 / 22 < alone <= 0.05 / 2
    assert named(told_apart(WHOLE, 1, [2, 3], {("device", "TABLET"): odd}, planned=10_000)) == [(2, "device", "TABLET")]
    assert told_apart(WHOLE, 1, [2, 3], {("device", "TABLET"): odd, **dull}, planned=10_000) == []
    assert holm([alone, 0.9])[0] == pytest.approx(2 * alone)


def test_phases_are_strata_within_a_slice_too() -> None:
    """90 : 10 at 4 %, then 50 : 50 at 12 %: added up, B would seem to be far ahead."""
    tilted = replace(WHOLE, splits=(Split(1, 0, 100, {1: 9_000, 2: 1_000}), Split(2, 0, 100, EVEN)))
    both = {
        Place(1, 1, "COOKIE"): Cell(9_000, 0, 360, 360),
        Place(1, 2, "COOKIE"): Cell(1_000, 0, 40, 40),
        Place(2, 1, "COOKIE"): Cell(5_000, 0, 600, 600),
        Place(2, 2, "COOKIE"): Cell(5_000, 0, 600, 600),
    }
    assert told_apart(tilted, 1, [2], {("device", "MOBILE"): both}, planned=10_000) == []


@pytest.mark.parametrize(
    ("interval", "whole", "flips"),
    [
        ((-0.03, -0.01), 0.01, True),
        ((0.01, 0.03), -0.01, True),
        ((0.01, 0.03), 0.01, False),
        ((-0.03, 0.0), 0.01, False),
        ((-0.03, -0.01), 0.0, False),
        ((-0.03, -0.01), None, False),
    ],
)
def test_a_slice_flips_if_it_lies_wholly_on_the_other_side_of_0(interval: Any, whole: Any, flips: bool) -> None:  # noqa: FBT001
    own = Slice(2, "device", "MOBILE", -0.02, interval, 0.01, (1, 1), (1, 1))
    assert own.is_beyond_0_from(whole) is flips


def test_counters_are_held_against_the_visitors_by_phase_and_variant() -> None:
    stored, counted = cells(a=(10, 2), b=(10, 3)), cells(a=(10, 2), b=(9, 3))
    assert miscounts(stored, counted) == (Miscount(1, 2, "visitors", 10, 9),)
    assert miscounts(stored, stored) == ()
    assert len(miscounts({}, counted)) == 6


def people(device: str, variant: int, visitors: int, converters: int) -> list[dict[str, Any]]:
    return [
        {"visitor": f"{variant}{device}{at:06}", "variant": variant, "device": device, "test_conversions": 1}
        | ({} if at < converters else {"test_conversions": 0})
        for at in range(visitors)
    ]


def test_the_job_finds_a_flip_and_a_false_counter_on_either_engine(
    make_installation: MakeInstallation, engine_kind: str, clock: SetClock
) -> None:
    home = make_installation(engine_kind)
    cast: Cast = make_cast(home)
    with Client(Application(home)) as client:
        made = client.post(CAMPAIGNS, FUNNEL, by=cast.owner)
        test = Test(client, home, cast.token("campaigns.*"), clock, str(made.headers["location"]))
        inspector = Inspector(clock.now)

        def inspect() -> list[bool]:
            looked = []
            while len(looked) < 3:
                looked.append(home.database.read_now(inspector.look))
                if not looked[-1]:
                    break
                home.database.write_now(inspector.keep)
            return looked

        test.stand(people("MOBILE", 1, 800, 160) + people("MOBILE", 2, 800, 60))
        test.stand(people("DESKTOP", 1, 800, 80) + people("DESKTOP", 2, 800, 260))
        test.crowd(Crowd(1, 1_600, 240), Crowd(2, 1_600, 320))
        clock.advance(15 * DAY)
        assert "slice_flips" not in test.results()["verdict"]["reasons"]
        assert inspect() == [True, False]
        verdict = test.results()["verdict"]
        told = {own["reason"]: own["sentence"] for own in verdict["explanations"]}
        assert verdict["code"] == "WINNER"
        assert told["slice_flips"].startswith("With device MOBILE B is behind A: between ")
        assert told["slice_flips"].endswith(" points, though over all it is ahead.")
        test.crowd(Crowd(2, 3, 1))
        assert inspect() == [True, False]
        verdict = test.results()["verdict"]
        assert (verdict["code"], verdict["reasons"][0]) == ("INVALID", "counters_differ")
        assert verdict["sentence"] == (
            "Do not use this test: its counters are not what its visitors come to "
            "(visitors of B: 1603 kept, 1600 counted)."
        )
        test.stand([{"visitor": f"late{at}", "variant": 2, "device": "TABLET", "test_conversions": 0} for at in (1, 2)])
        test.stand([{"visitor": "late3", "variant": 2, "device": "TABLET", "test_conversions": 1}])
        test.crowd(Crowd(1, 1))
        test.stand([{"visitor": "late4", "variant": 1, "device": "TABLET"}])
        inspect()
        assert test.results()["verdict"]["code"] == "WINNER"


def test_real_clicks_and_orders_come_to_what_is_counted(running: Test) -> None:
    for at in range(30):
        ctx = running.click(at)
        if at % 3 == 0:
            running.buy(ctx, f"order-{at}")
            running.buy(ctx, f"order-{at}-again")
    inspector = Inspector(running.clock.now)
    assert running.home.database.read_now(inspector.look)
    running.home.database.write_now(inspector.keep)
    assert [found.miscounts for _, _, found in inspector._found] == [()]
    assert inspector._found[0][2].moved == 30 + 10 + 20
    assert not running.home.database.read_now(inspector.look)
    assert running.home.database.read_now(inspector.look)
    assert inspector._found == []
