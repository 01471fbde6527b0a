"""Checks of what arrives."""

from typing import Any

import pytest

from funnelproof.clock import HOUR, MINUTE
from funnelproof.health.check import Check, FreshnessStatus, Status
from funnelproof.health.checks.shares import Limits, judge
from funnelproof.health.checks.traffic import (
    bots,
    clicks,
    ctx_minted,
    freshness,
    freshness_of,
    silence,
    traffic_tags,
)
from funnelproof.health.evidence import LastClick
from health.perfect import NOW, days, evidence

PASS, WARN, FAIL, UNKNOWN = Status


def found(check: Check | None) -> Check:
    assert check is not None
    return check


@pytest.mark.parametrize(
    ("bad", "n", "expected"),
    [
        (0, 0, UNKNOWN),
        (0, 1, PASS),
        (1, 1, WARN),
        (19, 19, WARN),
        (1, 20, PASS),
        (2, 20, WARN),
        (2, 39, WARN),
        (50, 1000, PASS),
        (51, 1000, WARN),
        (200, 1000, WARN),
        (201, 1000, FAIL),
        (1000, 1000, FAIL),
        (-1, 10, PASS),
        (3, -1, UNKNOWN),
    ],
)
def test_a_share_of_bad_events_is_judged(bad: int, n: int, expected: Status) -> None:
    assert judge(bad, n, Limits(50, 200)) is expected


@pytest.mark.parametrize(("bad", "expected"), [(2, WARN), (3, FAIL)])
def test_a_share_fails_with_three_bad_events_at_least(bad: int, expected: Status) -> None:
    assert judge(bad, 20, Limits(10, 50)) is expected


def tagged(qualified: int, with_tags: int) -> dict[tuple[str, str], int]:
    return {
        ("qualified", "buy-now"): qualified,
        ("tagged", "buy-now"): with_tags,
        ("missing_tag", "buy-now utm_medium"): qualified - with_tags,
    }


@pytest.mark.parametrize(
    ("qualified", "with_tags", "expected"),
    [
        (0, 0, UNKNOWN),
        (1, 1, PASS),
        (5, 4, WARN),
        (100, 95, PASS),
        (100, 94, WARN),
        (100, 80, WARN),
        (100, 79, FAIL),
        (20, 15, FAIL),
    ],
)
def test_clicks_carry_the_required_tags(qualified: int, with_tags: int, expected: Status) -> None:
    check = found(traffic_tags(evidence(lately=tagged(qualified, with_tags))))
    assert (check.status, check.evidence["n"]) == (expected, qualified)


def test_missing_tags_name_the_links_and_the_tags() -> None:
    amounts = {**tagged(100, 70), ("qualified", "other"): 50, ("tagged", "other"): 50}
    check = found(traffic_tags(evidence(lately=amounts)))
    assert check.evidence["links"] == [
        {"slug": "buy-now", "clicks": 100, "withoutAllTags": 30, "missing": {"utm_medium": 30}}
    ]
    assert check.title == "20.0 % of 150 clicks lack utm_medium, on 1 link."


def test_a_policy_that_asks_for_no_tag_has_no_check() -> None:
    assert traffic_tags(evidence(campaign={"tag_policy": {"required": []}})) is None


def test_no_click_yet_is_not_proven() -> None:
    assert clicks(evidence(last_click=None)).status is UNKNOWN


@pytest.mark.parametrize(
    ("minutes", "day", "six_hours", "expected"),
    [
        (0, 1000, 300, PASS),
        (29, 10**6, 10**6, PASS),
        (30, 10_000, 2_500, WARN),
        (60, 1000, 300, WARN),
        (60, 200, 60, PASS),
        (60, 1000, 20, PASS),
        (60, 100, 300, PASS),
        (24 * 60, 12, 12, PASS),
        (24 * 60, 13, 13, WARN),
        (31 * 24 * 60, 1, 1, PASS),
    ],
)
def test_a_silence_warns_where_chance_does_not_explain_it(
    minutes: int, day: int, six_hours: int, expected: Status
) -> None:
    check = clicks(evidence(last_click=LastClick(NOW - minutes * MINUTE, day, six_hours)))
    assert check.status is expected, check.evidence


def test_a_silence_is_measured_against_the_slower_stretch() -> None:
    assert silence(LastClick(NOW, 240, 59), 1.0) == (6, 59, (6 / 7) ** 59.5)
    assert silence(LastClick(NOW, 240, 61), 1.0) == (24, 240, (24 / 25) ** 240.5)


@pytest.mark.parametrize(
    ("qualified", "with_ctx", "expected"),
    [(0, 0, UNKNOWN), (1, 1, PASS), (1000, 1000, PASS), (1000, 999, WARN), (10, 9, WARN), (100, 0, WARN)],
)
def test_every_click_carries_a_ctx(qualified: int, with_ctx: int, expected: Status) -> None:
    amounts = {("qualified", "buy-now"): qualified, ("with_ctx", "buy-now"): with_ctx}
    assert found(ctx_minted(evidence(lately=amounts))).status is expected


def test_links_that_carry_no_ctx_by_choice_are_left_out() -> None:
    amounts = {("qualified", "buy-now"): 10, ("with_ctx", "buy-now"): 10, ("qualified", "plain"): 90}
    check = found(ctx_minted(evidence(lately=amounts, links_without_ctx=frozenset({"plain"}))))
    assert (check.status, check.evidence["n"]) == (PASS, 10)
    assert ctx_minted(evidence(link={"append_ctx": False})) is None


USUAL = [(1000, 100)] * 14


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([*USUAL, (1000, 100)], PASS),
        ([*USUAL, (1000, 199)], PASS),
        ([*USUAL, (1000, 200)], WARN),
        ([*USUAL, (199, 199)], UNKNOWN),
        ([*USUAL, (200, 199)], WARN),
        ([*USUAL[:7], (200, 199)], WARN),
        ([*USUAL[:6], (200, 199)], UNKNOWN),
        ([*[(1000, 0), (1000, 400)] * 7, (1000, 900)], PASS),
        ([*USUAL, (1000, 0)], PASS),
        ([], UNKNOWN),
    ],
)
def test_todays_bots_are_compared_with_two_weeks(shares: list[tuple[int, int]], expected: Status) -> None:
    check = bots(evidence(days=days(*shares)))
    assert check.status is expected, check.evidence


def test_days_without_clicks_are_no_days_to_compare_with() -> None:
    assert bots(evidence(days=days(*[(0, 0)] * 9, *USUAL[:5], (1000, 900)))).evidence["days"] == 5


@pytest.mark.parametrize(
    ("stored", "accepted", "status", "fresh"),
    [
        (None, None, UNKNOWN, FreshnessStatus.UNKNOWN),
        (NOW, NOW, PASS, FreshnessStatus.FRESH),
        (NOW - HOUR, None, PASS, FreshnessStatus.FRESH),
        (NOW, NOW + MINUTE, PASS, FreshnessStatus.FRESH),
        (NOW, NOW + MINUTE + 1, WARN, FreshnessStatus.STALE),
    ],
)
def test_what_is_stored_is_compared_with_what_was_accepted(
    stored: Any, accepted: Any, status: Status, fresh: FreshnessStatus
) -> None:
    of = evidence(stored_at=stored, accepted_at=accepted)
    assert (freshness(of).status, freshness_of(of).status) == (status, fresh)
