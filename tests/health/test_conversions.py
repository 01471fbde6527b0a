"""Checks of what comes back, one by one."""

from typing import Any

import pytest

from funnelproof.campaigns.campaign import CountingRule
from funnelproof.clock import MINUTE, SECOND
from funnelproof.health.check import Status
from funnelproof.health.checks.conversions import clock, ctx_returned, dedupe, held, per_click
from funnelproof.health.evidence import Held, ReusedKey, Waiting
from health.perfect import NOW, evidence, order

PASS, WARN, FAIL, UNKNOWN = Status


def returned(accepted: int, refused: int, reason: str = "expired") -> dict[tuple[str, str], int]:
    return {("ctx_accepted", "1"): accepted, ("ctx_refused", f"{reason} 1"): refused}


@pytest.mark.parametrize(
    ("accepted", "refused", "expected"),
    [
        (0, 0, UNKNOWN),
        (1, 0, PASS),
        (18, 1, WARN),
        (99, 1, PASS),
        (98, 2, WARN),
        (95, 5, WARN),
        (94, 6, FAIL),
        (18, 2, WARN),
        (17, 3, FAIL),
        (0, 2, WARN),
    ],
)
def test_valid_ctx_that_are_refused(accepted: int, refused: int, expected: Status) -> None:
    check = ctx_returned(evidence(lately=returned(accepted, refused)))
    assert (check.status, check.evidence["n"]) == (expected, accepted + refused)


@pytest.mark.parametrize("reason", ["expired", "wrong_campaign", "wrong_mode"])
def test_the_reasons_that_are_judged(reason: str) -> None:
    assert ctx_returned(evidence(lately=returned(50, 50, reason))).status is FAIL


@pytest.mark.parametrize("reason", ["wrong_handle", "not_yet_valid", "bad_signature"])
def test_the_others_are_shown_and_not_judged(reason: str) -> None:
    check = ctx_returned(evidence(lately=returned(50, 50, reason)))
    (shown,) = check.evidence["variants"]
    assert (check.status, shown["refused"], shown["reasons"], shown["notJudged"]) == (PASS, 0, {}, {reason: 50})


def test_the_refused_are_the_sum_of_their_reasons() -> None:
    amounts = {("ctx_accepted", "1"): 9, ("ctx_refused", "expired 1"): 1, ("ctx_refused", "wrong_handle 1"): 1}
    check = ctx_returned(evidence(lately=amounts))
    (shown,) = check.evidence["variants"]
    assert check.evidence["refused"] == shown["refused"] == sum(shown["reasons"].values()) == 1
    assert (shown["n"], shown["notJudged"]) == (10, {"wrong_handle": 1})


def test_each_variant_is_judged_alone() -> None:
    amounts = {("ctx_accepted", "1"): 10_000, ("ctx_accepted", "2"): 20, ("ctx_refused", "expired 2"): 5}
    check = ctx_returned(evidence(lately=amounts))
    assert (check.status, [own["status"] for own in check.evidence["variants"]]) == (FAIL, ["PASS", "FAIL"])
    assert "B 20.0 % of 25" in check.title


@pytest.mark.parametrize(
    ("new", "repeated", "reused", "expected"),
    [
        (0, 0, 0, UNKNOWN),
        (5, 0, 0, PASS),
        (5, 500, 0, PASS),
        (5, 0, 1, WARN),
        (995, 0, 5, PASS),
        (994, 0, 6, WARN),
        (980, 0, 20, WARN),
        (979, 0, 21, FAIL),
        (0, 979, 21, FAIL),
        (18, 0, 2, WARN),
        (0, 0, 20, FAIL),
    ],
)
def test_keys_that_stand_for_two_conversions(new: int, repeated: int, reused: int, expected: Status) -> None:
    amounts = {("ctx_accepted", "1"): new, ("repeated", ""): repeated, ("key_reused", ""): reused}
    check = dedupe(evidence(lately=amounts))
    assert (check.status, check.evidence["n"]) == (expected, new + repeated + reused)


def test_reused_keys_are_shown_with_the_fields_that_differ() -> None:
    keys = (ReusedKey("order", ("/value", "/ctx"), 9), ReusedKey("cart-1", ("/value",), 1))
    check = dedupe(evidence(lately={("key_reused", ""): 10}, reused_keys=keys))
    assert check.evidence["topKeys"][0] == {"key": "order", "differs": ["/value", "/ctx"], "times": 9}
    assert "ctx, value differ" in check.title


def told(count: int, seconds_after_arrival: int) -> Any:
    return order(count, occurred_at=NOW - 5 * MINUTE + seconds_after_arrival * SECOND)


EARLY = {"occurred_at": NOW - 16 * MINUTE}


@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        ((), UNKNOWN),
        (order(30), UNKNOWN),
        (told(1, -1), PASS),
        (told(30, 60), PASS),
        (told(30, 61), WARN),
        (told(19, 61), UNKNOWN),
        (told(1, 61) + told(19, -1), PASS),
        (told(2, 61) + told(38, -1), PASS),
        (told(3, 61) + told(37, -1), WARN),
        (order(20, **EARLY), WARN),
        (order(1, **EARLY) + told(19, -1), PASS),
    ],
)
def test_told_times_fit_arrivals_and_clicks(recent: Any, expected: Status) -> None:
    check = clock(evidence(recent=recent))
    assert check.status is expected, check.evidence


@pytest.mark.parametrize(
    ("waiting", "expected"), [(Held(), PASS), (Held(1, NOW, 1000), WARN), (Held(1000, NOW, 1000), WARN)]
)
def test_anything_held_back_warns(waiting: Held, expected: Status) -> None:
    assert held(evidence(held=waiting)).status is expected


def test_reversals_that_wait_for_long_warn_beside_what_is_held() -> None:
    waits = Waiting(2, NOW, 1000)
    alone, both = held(evidence(waiting=waits)), held(evidence(waiting=waits, held=Held(1, NOW, 1000)))
    assert (alone.status, both.status) == (Status.WARN, Status.WARN)
    assert "2 reversals" in alone.title
    assert "1 conversion" in both.title
    assert "2 reversals" in both.title
    assert alone.evidence["waitingReversals"] == 2
    assert held(evidence(waiting=Waiting())).status is Status.PASS


def test_held_conversions_say_how_many_and_since_when() -> None:
    two, thousand = held(evidence(held=Held(2, NOW, 1000))), held(evidence(held=Held(1000, NOW, 1000)))
    assert two.title == "Held back since 2026-11-23T09:00:00Z, and counted nowhere yet: 2 conversions."
    assert thousand.title.endswith(": 1000 conversions or more.")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"recent": ()}, UNKNOWN),
        ({"recent": order(30)}, PASS),
        ({"recent": order(10, click_id="clk_x")}, PASS),
        ({"recent": order(11, click_id="clk_x")}, WARN),
        ({"recent": order(11, click_id="clk_x", disposition="NOT_UNIQUE")}, PASS),
        ({"busy_clicks": {"clk_x": 10}}, PASS),
        ({"busy_clicks": {"clk_x": 11}}, WARN),
        ({"recent": (), "busy_clicks": {"clk_x": 11}}, WARN),
        ({"busy_clicks": {"clk_x": 11}, "campaign": {"max_per_click": 10}}, PASS),
        ({"busy_clicks": {"clk_x": 11}, "campaign": {"max_per_click": 0}}, WARN),
    ],
)
def test_one_click_with_many_counted_conversions(changes: dict[str, Any], expected: Status) -> None:
    check = per_click(evidence(**changes))
    assert check is not None
    assert check.status is expected, check.evidence


@pytest.mark.parametrize("rule", [CountingRule.ONCE_PER_CLICK, CountingRule.ONCE_PER_VISITOR])
def test_where_a_click_counts_once_there_is_nothing_to_check(rule: CountingRule) -> None:
    assert per_click(evidence(campaign={"counting_rule": rule})) is None
