"""Do orders keep coming, from every variant, with plausible values?"""

import math
from typing import Any

import pytest

from funnelproof.clock import HOUR, MINUTE
from funnelproof.health.check import Status
from funnelproof.health.checks.sales import anomaly, conversions, drought, odd_values
from funnelproof.health.evidence import Day, Flow, Sales
from health.perfect import NOW, evidence, order, phase

PASS, WARN, FAIL, UNKNOWN = Status


def sales(since: int, converted: int = 100, clicked: int = 2000, last_at: Any = NOW - HOUR) -> Sales:
    return Sales(last_at, 10 * MINUTE, since, clicked, converted)


def test_a_drought_is_the_beta_ratio() -> None:
    """The same as the chance of one click after the other without a conversion, multiplied."""
    for converted, clicked, since in ((100, 2000, 100), (0, 10, 3), (20, 400, 300)):
        alone = [(clicked - converted + 0.5 + at) / (clicked + 1 + at) for at in range(since)]
        assert drought(converted, clicked, since) == pytest.approx(math.prod(alone))
    assert drought(0, 10, 0) == 1.0
    assert drought(100, 2000, 190) < 1e-4 < drought(100, 2000, 180)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sales": sales(0)}, PASS),
        ({"sales": sales(180)}, PASS),
        ({"sales": sales(190)}, WARN),
        ({"sales": sales(1, 2500, 2000)}, PASS),
        ({"sales": sales(2, 2500, 2000)}, WARN),
        ({"sales": sales(50, 0, 0)}, UNKNOWN),
        ({"sales": sales(100_000, 0, 0, None)}, UNKNOWN),
        ({"sales": Sales()}, UNKNOWN),
    ],
)
def test_no_conversion_for_long_warns_by_what_is_usual(changes: dict[str, Any], expected: Status) -> None:
    check = conversions(evidence(**changes))
    assert (check.status, check.evidence["n"]) == (expected, changes["sales"].clicks_since), check.evidence


@pytest.mark.parametrize(("since", "expected"), [(0, UNKNOWN), (150, UNKNOWN), (400, WARN)])
def test_before_the_first_conversion_the_plans_rate_is_usual(since: int, expected: Status) -> None:
    of = evidence(campaign={"expected_rate": "0.05"}, sales=sales(since, 0, 0, None), flows={})
    assert conversions(of).status is expected


def test_the_plans_rate_weighs_as_twenty_conversions() -> None:
    of = evidence(campaign={"expected_rate": "0.05"}, sales=sales(300, 0, 0, None))
    assert conversions(of).evidence["chance"] == drought(20, 400, 300)


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ({1: Flow(500, 9), 2: Flow(500, 0)}, PASS),
        ({1: Flow(500, 10), 2: Flow(500, 0)}, WARN),
        ({1: Flow(500, 10), 2: Flow(500, 1)}, PASS),
        ({1: Flow(900, 65), 2: Flow(100, 0)}, PASS),
        ({1: Flow(900, 66), 2: Flow(100, 0)}, WARN),
        ({1: Flow(500, 100)}, PASS),
        ({1: Flow(500, 100), 2: Flow(0, 0)}, PASS),
        ({0: Flow(500, 100), 2: Flow(500, 0)}, PASS),
        ({3: Flow(500, 100), 2: Flow(500, 0)}, PASS),
    ],
)
def test_a_variant_without_conversions_warns_where_the_others_have_many(
    flows: dict[int, Flow], expected: Status
) -> None:
    check = conversions(evidence(flows=flows))
    assert check.status is expected
    assert ("B has no conversion" in check.title) == (expected is WARN)


USUAL = [100] * 50


@pytest.mark.parametrize(
    ("values", "is_odd"),
    [
        ([100] * 10 + USUAL, False),
        ([2_999] * 10 + USUAL, False),
        ([3_000] * 10 + USUAL, True),
        ([4] * 10 + USUAL, False),
        ([3] * 10 + USUAL, True),
        ([4_999] + [100] * 9 + USUAL, False),
        ([5_000] + [100] * 9 + USUAL, True),
        ([100] * 10 + [5_000] + USUAL[1:], False),
        ([3_000] * 10 + USUAL[:29], False),
        ([3_000] * 10 + USUAL[:30], True),
        ([0] * 60, False),
        ([100] * 10 + [0] * 50, True),
        ([0] * 10 + USUAL, True),
        ([3_000] * 5 + [100] * 5 + USUAL, False),
        ([], False),
    ],
)
def test_values_that_jump(values: list[int], is_odd: bool) -> None:  # noqa: FBT001
    assert (odd_values(values) is not None) == is_odd


def orders(values: list[int], **more: Any) -> Any:
    return tuple(order(1, value_minor=value, **more)[0] for value in values)


@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        (order(40), PASS),
        (order(39), UNKNOWN),
        ((), UNKNOWN),
        (order(100, value_minor=None, currency=None), UNKNOWN),
        (order(100, event_type="add_to_cart", disposition="OTHER_EVENT"), UNKNOWN),
        (orders([4_000] * 10 + [100] * 30), WARN),
        (orders([4_000] * 10, currency="INR") + orders([100] * 50), PASS),
        (orders([100] * 40) + orders([9_000] * 10 + [90] * 30, currency="EUR"), WARN),
    ],
)
def test_values_are_compared_within_one_currency(recent: Any, expected: Status) -> None:
    check = anomaly(evidence(recent=recent))
    assert check.status is expected, check.evidence


@pytest.mark.parametrize(
    "changes",
    [
        {"days": (Day("2026-11-23", 10, 10, 0, 4, 5, 5),)},
        {"phases": (phase(a=(4, 4, 5)),)},
    ],
)
def test_more_converters_than_visitors_fails(changes: dict[str, Any]) -> None:
    check = anomaly(evidence(**changes))
    assert check.status is FAIL
    assert len(check.evidence["moreConvertersThanVisitors"]) == 1
