"""Strata, leaks and revenue from the counters of one epoch."""

from dataclasses import replace

import pytest

from funnelproof.results.compare import compare
from funnelproof.results.counts import Cell, Counts, Earned, Place, Split
from funnelproof.results.faults import largest_order, leak_fault, one_order_remark, refunds_remark
from funnelproof.results.split import evidence_of, most_off, phases_due, ratio_of
from funnelproof.statistics import ArmRevenue, RevenueDifference, Stratum, Withheld

EVEN, TILTED, ONLY_A = {1: 5_000, 2: 5_000}, {1: 9_000, 2: 1_000}, {1: 10_000, 2: 0}


def counts(
    cells: dict[tuple[int, int, str], tuple[int, int]],
    splits: list[dict[int, int]],
    earned: dict[tuple[int, int, str], dict[str, tuple[int, int, int]]] | None = None,
) -> Counts:
    """`cells`: (phase, variant, identity) → (visitors, converters)."""
    return Counts(
        epoch=1,
        splits=tuple(Split(at, 0, 100, buckets) for at, buckets in enumerate(splits, start=1)),
        cells={Place(*place): Cell(n, x, x, x) for place, (n, x) in cells.items()},
        earned={
            (Place(*place), currency): Earned(*sums)
            for place, money in (earned or {}).items()
            for currency, sums in money.items()
        },
        funnel_visitors=0,
        funnel_converters=0,
        cookieless_visitors=0,
        excluded={},
        excluded_converters={},
    )


def test_each_phase_and_each_identity_is_a_stratum_of_its_own() -> None:
    found = counts(
        {
            (1, 1, "COOKIE"): (900, 40),
            (1, 2, "COOKIE"): (100, 4),
            (1, 1, "DAILY"): (90, 1),
            (1, 2, "DAILY"): (10, 0),
            (2, 1, "COOKIE"): (500, 30),
            (2, 2, "COOKIE"): (500, 31),
        },
        [TILTED, EVEN],
    )
    assert found.strata(1, 2) == [Stratum(900, 40, 100, 4), Stratum(90, 1, 10, 0), Stratum(500, 30, 500, 31)]


def test_a_phase_in_which_one_arm_was_closed_is_no_stratum_though_somebody_slipped_in() -> None:
    found = counts({(1, 1, "COOKIE"): (900, 40), (1, 2, "COOKIE"): (8, 4)}, [ONLY_A])
    assert found.strata(1, 2) == []
    assert found.leaked() == 8
    fault = leak_fault(found)
    assert fault is not None
    assert fault.code == "leak"


def test_five_who_slipped_in_are_no_fault_yet() -> None:
    assert leak_fault(counts({(1, 1, "COOKIE"): (900, 40), (1, 2, "COOKIE"): (5, 4)}, [ONLY_A])) is None


def test_pooling_would_see_a_difference_where_strata_see_none() -> None:
    found = counts(
        {
            (1, 1, "COOKIE"): (9_000, 360),
            (1, 2, "COOKIE"): (1_000, 40),
            (2, 1, "COOKIE"): (5_000, 300),
            (2, 2, "COOKIE"): (5_000, 300),
        },
        [TILTED, EVEN],
    )
    (own,) = compare(found, 1, [2], planned_visitors=10_000, currency="EUR")
    assert own.fixed is not None
    assert abs(own.fixed.value) < 1e-12
    assert found.of(2).converters / found.of(2).visitors > 1.1 * found.of(1).converters / found.of(1).visitors


def test_p_values_are_adjusted_for_being_several() -> None:
    cells = {(1, number, "COOKIE"): (2_000, 100 + 30 * (number - 1)) for number in (1, 2, 3)}
    found = counts(cells, [dict.fromkeys((1, 2, 3), 3_333)])
    b, c = compare(found, 1, [2, 3], planned_visitors=10_000, currency="EUR")
    assert b.adjusted_p == b.always.p_value
    assert c.adjusted_p is not None
    assert c.adjusted_p == 2 * (c.always.p_value or 0)


def test_revenue_is_compared_in_the_campaigns_currency_unless_others_matter() -> None:
    cells = {(1, 1, "COOKIE"): (1_000, 200), (1, 2, "COOKIE"): (1_000, 200)}
    euros = (200, 200_000, 200 * 1_000**2)
    more = (200, 220_000, 200 * 1_100**2)
    alone = counts(cells, [EVEN], {(1, 1, "COOKIE"): {"EUR": euros}, (1, 2, "COOKIE"): {"EUR": more}})
    (own,) = compare(alone, 1, [2], planned_visitors=10_000, currency="EUR")
    assert isinstance(own.revenue, RevenueDifference)
    assert own.revenue.value == 20
    mixed = counts(cells, [EVEN], {(1, 1, "COOKIE"): {"EUR": euros}, (1, 2, "COOKIE"): {"EUR": more, "USD": (9, 9, 9)}})
    (own,) = compare(mixed, 1, [2], planned_visitors=10_000, currency="EUR")
    assert own.revenue is Withheld.MIXED_CURRENCY


def test_one_order_that_carries_an_arm_is_seen_in_the_squares() -> None:
    cells = {(1, 1, "COOKIE"): (1_000, 200), (1, 2, "COOKIE"): (1_000, 200)}
    plain = (200, 200_000, 200 * 1_000**2)
    lucky = (200, 199_000 + 600_000, 199 * 1_000**2 + 600_000**2)
    found = counts(cells, [EVEN], {(1, 1, "COOKIE"): {"EUR": plain}, (1, 2, "COOKIE"): {"EUR": lucky}})
    remark = one_order_remark(found, (1, "A"), (2, "B"), "EUR")
    assert remark is not None
    assert remark.sentence == "B earns more per visitor because of one order."
    steady = (200, 300_000, 200 * 1_500**2)
    found = counts(cells, [EVEN], {(1, 1, "COOKIE"): {"EUR": plain}, (1, 2, "COOKIE"): {"EUR": steady}})
    assert one_order_remark(found, (1, "A"), (2, "B"), "EUR") is None


def test_the_largest_order_is_estimated_from_the_sums() -> None:
    rest = [500, 900, 1_000, 1_300, 2_000] * 40
    beside = ArmRevenue(1_000, len(rest), sum(rest), sum(value**2 for value in rest))
    for largest in (20_000, 200_000, 5_000_000):
        orders = [*rest, largest]
        of = ArmRevenue(1_000, len(orders), sum(orders), sum(value**2 for value in orders))
        assert largest_order(of, beside=beside) == pytest.approx(largest, rel=0.01)
    assert largest_order(ArmRevenue(1_000, 0, 0, 0), beside=beside) == 0


def test_an_alarm_is_due_once_for_each_phase() -> None:
    found = counts({(1, 1, "COOKIE"): (5_500, 0), (1, 2, "COOKIE"): (4_500, 0)}, [EVEN])
    ((split, p_value),) = phases_due(found, ratio_of(found, (1, 2)), set())
    assert p_value < 0.001
    assert evidence_of(found, split, p_value, {1: "a", 2: "b"})["entries"] == {"a": 5_500, "b": 4_500}
    assert phases_due(found, ratio_of(found, (1, 2)), {1}) == []


def test_a_legal_change_of_weights_raises_no_alarm() -> None:
    cells = {(1, 1, "COOKIE"): (9_020, 0), (1, 2, "COOKIE"): (980, 0), (2, 1, "COOKIE"): (5_040, 0)}
    found = counts({**cells, (2, 2, "COOKIE"): (4_960, 0)}, [TILTED, EVEN])
    assert phases_due(found, ratio_of(found, (1, 2)), set()) == []


def test_the_slice_that_is_off_most_is_named() -> None:
    sliced = {
        "device": {"MOBILE": {1: 600, 2: 300}, "DESKTOP": {1: 510, 2: 500}},
        "country": {"DE": {1: 1_110, 2: 800}},
    }
    found = most_off(sliced, Split(1, 0, 100, EVEN))
    assert found is not None
    assert (found.dimension, found.value, found.entries) == ("device", "MOBILE", 900)
    assert found.share > 0.9
    assert most_off({"country": {"DE": {1: 1_110, 2: 800}}}, Split(1, 0, 100, EVEN)) is None


@pytest.mark.parametrize(
    ("control", "other", "differs"),
    [
        ((1000, 100), (1000, 105), False),
        ((1000, 50), (1000, 250), True),
        ((20, 0), (1000, 900), False),
        ((1000, 0), (1000, 0), False),
        ((0, 0), (0, 0), False),
    ],
)
def test_refunds_differ_only_by_more_than_chance_and_with_enough_buyers(
    control: tuple[int, int], other: tuple[int, int], *, differs: bool
) -> None:
    """(converters, refunded) of each arm."""
    cells = {
        Place(1, variant, "COOKIE"): Cell(5_000, converters=converters, conversions=converters, refunded=refunded)
        for variant, (converters, refunded) in ((1, control), (2, other))
    }
    found = replace(counts({}, [EVEN]), cells=cells)
    remark = refunds_remark(found, (1, "A"), [(2, "B")])
    assert (remark is not None) is differs
    if remark is not None:
        assert remark.code == "refunds_differ"
        assert "5 % with A and 25 % with B" in remark.sentence
