"""What is expected against what is seen."""

from typing import Any

import pytest

from funnelproof.plans.expect import checks_of, is_met


@pytest.mark.parametrize(
    ("expected", "seen", "holds"),
    [
        (3, 3, True),
        (3, 4, False),
        ("49.9", "49.90", True),
        (50, "50.00", True),
        ("50.00", 50, True),
        ("1e3", 1000, False),
        ("PASS", "PASS", True),
        ("pass", "PASS", False),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (None, None, True),
        (None, "", False),
        ("at least 3", 3, True),
        ("at least 3", 2, False),
        ("at most 3", "3.00", True),
        ("more than 3", 3, False),
        ("less than 3", 2, True),
        ("between 3 and 5", 5, True),
        ("between 3 and 5", 6, False),
        ("at least 3", "many", False),
        ("at least 3", None, False),
        ("at least 3", True, False),
        ("not PASS", "WARN", True),
        ("not PASS", "PASS", False),
        ("not at least 3", 2, True),
        ("any", 0, True),
        ("any", None, False),
        ("none", None, True),
        ("none", {}, True),
        ("none", 0, False),
        (["/value"], ["/value"], True),
        (["/value"], ["/ctx"], False),
        ({}, {}, True),
        ({}, {"a": 1}, False),
    ],
)
def test_a_value_is_met_or_not(expected: Any, seen: Any, *, holds: bool) -> None:
    assert is_met(expected, seen) is holds


def test_only_what_is_named_is_looked_at_and_each_part_has_its_name() -> None:
    seen = {"clicks": 3, "rows": {"a": {"clicks": 1, "gross": "2.00"}, "b": {"clicks": 2}}}
    expected = {"clicks": 3, "rows": {"a": {"gross": 2}, "b": {"clicks": 5}}}
    found = [(check.name, check.expected, check.observed, check.holds) for check in checks_of(expected, seen)]
    assert found == [("clicks", 3, 3, True), ("rows.a.gross", 2, "2.00", True), ("rows.b.clicks", 5, 2, False)]


def test_a_part_that_is_not_there_fails_each_of_its_expectations() -> None:
    found = list(checks_of({"rows": {"z": {"clicks": 1, "visitors": "none"}}}, {"rows": {}}))
    assert [(check.name, check.observed, check.holds) for check in found] == [
        ("rows.z.clicks", "nothing", False),
        ("rows.z.visitors", "nothing", True),
    ]


def test_a_value_where_parts_were_expected_fails() -> None:
    (check,) = checks_of({"checks": {"dedupe": "PASS"}}, {"checks": "PASS"})
    assert (check.name, check.holds) == ("checks", False)
