"""The test itself: the split, leaks, and whether all pages arrive."""

from typing import Any

import pytest

from funnelproof.campaigns.variants import Variant
from funnelproof.health.check import Check, Status
from funnelproof.health.checks.split import arrival, leak, split
from health.perfect import TWO, evidence, phase

PASS, WARN, FAIL, UNKNOWN = Status


def found(check: Check | None) -> Check:
    assert check is not None
    return check


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ((), UNKNOWN),
        ((phase(a=(50, 0, 0), b=(49, 0, 0)),), UNKNOWN),
        ((phase(a=(50, 0, 0), b=(50, 0, 0)),), PASS),
        ((phase(a=(100, 0, 0)),), FAIL),
        ((phase(a=(5200, 0, 0), b=(4800, 0, 0)),), WARN),
        ((phase(a=(5300, 0, 0), b=(4700, 0, 0)),), FAIL),
        ((phase(buckets=(9000, 1000), a=(900, 0, 0), b=(100, 0, 0)),), PASS),
        ((phase(buckets=(9000, 1000), a=(500, 0, 0), b=(500, 0, 0)),), FAIL),
        (
            (
                phase(1, buckets=(9000, 1000), a=(900, 0, 0), b=(100, 0, 0)),
                phase(2, buckets=(5000, 5000), a=(500, 0, 0), b=(500, 0, 0)),
            ),
            PASS,
        ),
        ((phase(buckets=None, a=(900, 0, 0), b=(100, 0, 0)),), UNKNOWN),
        ((phase(1, a=(0, 0, 0)), phase(2, buckets=(0, 10_000), b=(500, 0, 0))), PASS),
    ],
)
def test_visitors_are_split_as_the_buckets_were_open(phases: Any, expected: Status) -> None:
    check = found(split(evidence(phases=phases)))
    assert check.status is expected, check.evidence


def test_a_deviation_that_is_true_but_harmless_does_not_fail() -> None:
    phases = (phase(a=(500_900_000, 0, 0), b=(499_100_000, 0, 0)),)
    check = found(split(evidence(phases=phases)))
    assert (check.status, check.evidence["sequentialPValue"] < 0.001) == (WARN, True)


OFF = {"a": (5300, 0, 0), "b": (4700, 0, 0)}
EVEN = {"a": (5000, 0, 0), "b": (5000, 0, 0)}


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ((phase(alarm_is_open=True, **OFF),), FAIL),
        ((phase(alarm_is_open=False, **OFF),), PASS),
        ((phase(alarm_is_open=True, **EVEN),), FAIL),
        ((phase(1, alarm_is_open=False, **OFF), phase(2, **EVEN)), PASS),
        ((phase(1, alarm_is_open=False, **OFF), phase(2, **OFF)), FAIL),
        ((phase(1, alarm_is_open=False, **OFF), phase(2, a=(5210, 0, 0), b=(4790, 0, 0))), WARN),
    ],
    ids=["open", "closed", "open, though even by now", "closed, then even", "closed, then off", "closed, then odd"],
)
def test_an_alarm_that_a_person_has_closed_fails_no_more(phases: Any, expected: Status) -> None:
    check = found(split(evidence(phases=phases)))
    assert check.status is expected, check.evidence


def test_a_closed_alarm_is_told_and_the_next_phase_is_the_one_to_look_at() -> None:
    closed = found(split(evidence(phases=(phase(alarm_is_open=False, **OFF),))))
    assert closed.title == (
        "10000 visitors were split as planned, but for phase 1, whose alarm a person closed with a reason."
    )
    assert closed.evidence["phases"][0]["alarm"] == "closed"
    off = phase(2, a=(5300, 0, 0), b=(4600, 0, 0))
    again = found(split(evidence(phases=(phase(1, alarm_is_open=False, **OFF), off))))
    assert again.evidence["worst"].startswith("A 5300 of 9900")


def test_a_bad_split_tells_the_shares() -> None:
    check = found(split(evidence(phases=(phase(a=(5300, 0, 0), b=(4700, 0, 0)),))))
    assert "A 5300 of 10000 (50.0 % planned), B 4700 of 10000 (50.0 % planned)" in check.title
    assert check.evidence["pValueIfLookedAtOnce"] is not None


@pytest.mark.parametrize("changes", [{"is_live": False}, {"campaign": {"variants": TWO[:1]}}])
def test_a_run_and_a_single_variant_have_no_split(changes: dict[str, Any]) -> None:
    assert split(evidence(**changes)) is None


CLOSED = (10_000, 0)


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ((), UNKNOWN),
        ((phase(buckets=CLOSED, a=(10, 0, 0)),), PASS),
        ((phase(buckets=CLOSED, a=(10, 0, 0), b=(1, 0, 0)),), WARN),
        ((phase(buckets=CLOSED, a=(10, 0, 0), b=(5, 0, 0)),), WARN),
        ((phase(buckets=CLOSED, a=(10, 0, 0), b=(6, 0, 0)),), FAIL),
        ((phase(buckets=CLOSED, a=(99_990, 0, 0), b=(10, 0, 0)),), WARN),
        ((phase(buckets=CLOSED, a=(99_989, 0, 0), b=(11, 0, 0)),), FAIL),
        ((phase(buckets=CLOSED, a=(10, 0, 0), c=(6, 0, 0)),), FAIL),
        ((phase(buckets=None, b=(6, 0, 0)),), UNKNOWN),
        ((phase(1, b=(6, 0, 0)), phase(2, buckets=CLOSED, a=(1, 0, 0))), PASS),
    ],
)
def test_nobody_enters_a_closed_variant(phases: Any, expected: Status) -> None:
    check = found(leak(evidence(phases=phases)))
    assert check.status is expected, check.evidence


def test_a_campaign_without_variants_cannot_leak() -> None:
    assert leak(evidence(campaign={"variants": ()})) is None


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ((), UNKNOWN),
        ((phase(b=(2, 1, 0)),), UNKNOWN),
        ((phase(a=(2, 1, 0)),), UNKNOWN),
        ((phase(1, a=(2, 1, 0)), phase(2, b=(2, 1, 0))), UNKNOWN),
        ((phase(a=(1, 0, 0), b=(1, 1, 0)),), PASS),
        ((phase(a=(5000, 4500, 0), b=(5000, 4400, 0)),), PASS),
        ((phase(a=(5000, 4500, 0), b=(5000, 3000, 0)),), FAIL),
        ((phase(a=(5000, 3000, 0), b=(5000, 4500, 0)),), FAIL),
        ((phase(a=(10, 10, 0), b=(10, 0, 0)),), PASS),
        ((phase(a=(5000, 5000, 0), b=(5000, 5000, 0)),), PASS),
        ((phase(a=(5000, 0, 0), b=(5000, 0, 0)),), PASS),
        ((phase(buckets=CLOSED, a=(5000, 4500, 0), b=(5000, 3000, 0)),), UNKNOWN),
        (
            (
                phase(1, buckets=(9000, 1000), a=(9000, 900, 0), b=(1000, 100, 0)),
                phase(2, buckets=(1000, 9000), a=(1000, 900, 0), b=(9000, 8100, 0)),
            ),
            PASS,
        ),
    ],
)
def test_the_pages_of_all_variants_open_alike(phases: Any, expected: Status) -> None:
    check = found(arrival(evidence(phases=phases)))
    assert check.status is expected, check.evidence


def test_how_many_were_compared_is_said() -> None:
    phases = (phase(1, a=(5, 4, 0), b=(6, 5, 0)), phase(2, a=(7, 7, 0)))
    check = found(arrival(evidence(phases=phases)))
    assert (check.evidence["n"], check.evidence["compared"]) == (18, 11)
    assert check.title == "The pages of all variants open alike, as far as 11 visitors can tell."


def test_only_the_variants_that_were_compared_are_said_to_open_alike() -> None:
    three = (*TWO, Variant(3, "c", "C", 50))
    check = found(arrival(evidence(campaign={"variants": three}, phases=(phase(a=(5, 4, 0), b=(6, 5, 0)),))))
    assert check.title.startswith("The pages of A and B open alike")


@pytest.mark.parametrize(("worse", "a", "b"), [("B", 4500, 3000), ("A", 3000, 4500)])
def test_the_page_that_loses_people_is_named(worse: str, a: int, b: int) -> None:
    check = found(arrival(evidence(phases=(phase(a=(5000, a, 0), b=(5000, b, 0)),))))
    assert check.title.startswith(f"{worse}'s page drops the ctx or does not load")


def test_without_reports_of_pages_nothing_is_said_about_them() -> None:
    lost = (phase(a=(5000, 4500, 0), b=(5000, 3000, 0)),)
    check = found(arrival(evidence(phases=lost, sdk_seen=False)))
    assert check.status is UNKNOWN
    assert "POST /v2/public/arrivals" in (check.remedy or "")


@pytest.mark.parametrize(
    "changes", [{"is_live": False}, {"campaign": {"variants": TWO[:1]}}, {"campaign": {"variants": ()}}]
)
def test_without_a_second_variant_there_is_nothing_to_compare(changes: dict[str, Any]) -> None:
    assert arrival(evidence(**changes)) is None
