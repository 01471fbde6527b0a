"""Results over HTTP, end to end: who counts where, and what the verdict says of it."""

import math
from typing import Any

import pytest

from cast import HANDLE, Cast, Client, refused
from funnelproof.clock import DAY, HOUR, SetClock
from results.conftest import CAMPAIGNS, FUNNEL, Crowd, StartTest, Test

WINNING = (Crowd(1, 5_000, 200, each=1_000), Crowd(2, 5_000, 290, each=1_000))


def visitors(found: dict[str, Any]) -> dict[str, int]:
    return {variant["variantId"]: variant["visitors"] for variant in found["variants"]}


def adds_up(found: dict[str, Any]) -> None:
    """Visitors and converters of the funnel are those of the variants and of all that is excluded."""
    for counter, excluded in (("visitors", "excluded"), ("converters", "excludedConverters")):
        parts = sum(variant[counter] for variant in found["variants"]) + sum(found[excluded].values())
        assert found["funnel"][counter] == parts, counter


def numbers(found: Any) -> list[float]:
    """Every number in an answer, however deep."""
    if isinstance(found, dict):
        return [number for part in found.values() for number in numbers(part)]
    if isinstance(found, list):
        return [number for part in found for number in numbers(part)]
    return [found] if isinstance(found, int | float) else []


def test_before_anybody_came_everything_is_absent_with_a_reason(running: Test) -> None:
    found = running.results()
    assert found["verdict"]["code"] == "NOT_ENOUGH_DATA"
    assert found["verdict"]["sentence"] == "Nobody has entered the test yet."
    assert [variant["rate"] for variant in found["variants"]] == [None, None]
    assert found["comparisons"][0]["withheld"]["alwaysValidPValue"] == "no_entries"
    assert (found["sizing"]["reason"], found["sizing"]["daysLeft"]) == ("no_plan", {"now": None, "atFullRamp": None})
    assert found["sampleRatio"]["status"] == "UNKNOWN"
    adds_up(found)


def test_visitors_enter_once_and_convert_once(running: Test) -> None:
    for at in range(40):
        ctx = running.click(at)
        running.click(at)
        if at % 4 == 0:
            running.buy(ctx, f"order-{at}")
            running.buy(ctx, f"second-order-{at}")
    found = running.results()
    assert sum(visitors(found).values()) == 40
    assert sum(variant["converters"] for variant in found["variants"]) == 10
    assert sum(variant["conversions"] for variant in found["variants"]) == 20
    assert sum(own["orders"] for variant in found["variants"] for own in variant["revenue"]) == 20
    adds_up(found)


def test_a_clear_winner_after_two_weeks_with_both_methods_side_by_side(running: Test) -> None:
    running.crowd(*WINNING)
    running.clock.advance(15 * DAY)
    found = running.results()
    (own,) = found["comparisons"]
    assert (found["verdict"]["code"], found["verdict"]["variantIds"]) == ("WINNER", ["b"])
    assert found["verdict"]["sentence"].startswith("B beats A: between ")
    assert found["verdict"]["reasons"] == ["not_whole_weeks"] * (found["verdict"]["fullDays"] % 7 > 0)
    assert own["pValue"] < own["alwaysValidPValue"] == own["adjustedPValue"] < 0.05
    assert 0 < own["alwaysValidInterval"][0] < own["differenceInterval"][0] < own["difference"] == pytest.approx(0.018)
    assert own["chanceToWin"] > 0.99
    assert own["revenuePerVisitor"]["difference"] == "0.1800"
    assert found["variants"][0]["revenuePerVisitor"] == "0.4000"
    assert found["method"] == {
        "decides": "always_valid",
        "alpha": 0.05,
        "comparisons": 1,
        "plannedVisitors": 10_000,
        "fixedHorizon": "only if you had looked once, today",
    }
    adds_up(found)


def test_windows_that_are_still_open_keep_back_the_winner(running: Test) -> None:
    running.clock.advance(15 * DAY)
    running.crowd(*WINNING)
    found = running.results()["verdict"]
    assert (found["code"], found["reasons"]) == ("NOT_ENOUGH_DATA", ["immature_windows"])
    running.clock.advance(7 * DAY + HOUR)
    assert running.verdict() == "WINNER"


def test_five_of_seven_days(running: Test) -> None:
    running.crowd(Crowd(1, 1_372, 63), Crowd(2, 1_383, 72))
    running.clock.advance(5 * DAY + 15 * HOUR)
    assert running.results()["verdict"]["sentence"].startswith(
        "Too early to say: 5 of 7 days. B is ahead by 0.6 points; the true difference lies between −"
    )


def test_a_legal_ramp_and_new_weights_begin_phases_and_raise_no_alarm(
    client: Client, cast: Cast, start: StartTest
) -> None:
    test = start(rampPercent=10)
    test.crowd(Crowd(1, 510), Crowd(2, 490), Crowd(1, 9_000, cohort="OUTSIDE"))
    client.post(f"{test.path}/ramp", {"rampPercent": 100}, by=test.owner)
    test.crowd(Crowd(1, 5_050, phase=2), Crowd(2, 4_950, phase=2))
    weights = [{**FUNNEL["variants"][0], "weight": 90}, {**FUNNEL["variants"][1], "weight": 10}]
    changed = client.patch(test.path, {"variants": weights}, by=test.owner)
    assert (changed.json()["phase"], changed.json()["epoch"]) == (3, 1)
    test.crowd(Crowd(1, 9_010, phase=3), Crowd(2, 990, phase=3))
    found = test.results()
    ratio = found["sampleRatio"]
    assert (ratio["status"], ratio["alarms"], len(ratio["phases"])) == ("FINE", [], 3)
    assert [own["expectedShare"] for own in ratio["phases"][2]["variants"]] == [0.9, 0.1]
    assert found["excluded"]["outside"] == 9_000
    adds_up(found)


def test_weights_changed_while_the_base_rate_moves_make_no_winner(client: Client, start: StartTest) -> None:
    variants = [{**FUNNEL["variants"][0], "weight": 90}, {**FUNNEL["variants"][1], "weight": 10}]
    test = start(variants=variants)
    test.crowd(Crowd(1, 9_000, 360), Crowd(2, 1_000, 40))
    client.patch(test.path, {"variants": FUNNEL["variants"]}, by=test.owner)
    test.crowd(Crowd(1, 5_000, 300, phase=2), Crowd(2, 5_000, 300, phase=2))
    test.clock.advance(15 * DAY)
    found = test.results()
    assert found["verdict"]["code"] == "NO_DIFFERENCE_YET"
    assert found["comparisons"][0]["difference"] == pytest.approx(0)


def test_a_changed_destination_begins_an_epoch_and_the_old_one_stays_readable(client: Client, running: Test) -> None:
    for at in range(10):
        running.click(at)
    elsewhere = [FUNNEL["variants"][0], {**FUNNEL["variants"][1], "destinationUrl": "https://shop.gharart.example/c"}]
    assert client.patch(running.path, {"variants": elsewhere}, by=running.owner).json()["epoch"] == 2
    for at in range(5, 15):
        running.click(at)
    now, before = running.results(), running.results("?epoch=1")
    assert (now["epoch"], sum(visitors(now).values()), now["excluded"]["earlier"]) == (2, 5, 10)
    assert (before["epoch"], sum(visitors(before).values()), before["excluded"]["earlier"]) == (1, 10, 5)
    adds_up(now)
    adds_up(before)
    refused(client.get(f"{running.path}/results?epoch=3", by=running.owner), 400, "invalid_epoch")


def test_ten_variants_and_one_without_weight(start: StartTest) -> None:
    variants: list[dict[str, Any]] = [{"variantId": f"v{n}", "weight": 10 if n < 9 else 0} for n in range(10)]
    test = start(variants=variants)
    test.crowd(*(Crowd(n + 1, 2_000, 100 + 20 * (n == 3)) for n in range(9)))
    test.clock.advance(15 * DAY)
    found = test.results()
    assert [own["variantId"] for own in found["comparisons"]] == [f"v{n}" for n in range(1, 9)]
    assert found["method"]["comparisons"] == 8
    assert visitors(found)["v9"] == 0
    assert found["variants"][9]["withheld"]["rate"] == "no_entries"
    assert found["verdict"]["code"] == "NO_DIFFERENCE_YET"
    assert found["sampleRatio"]["status"] == "FINE"
    ratios = [own["adjustedPValue"] / own["alwaysValidPValue"] for own in found["comparisons"]]
    assert max(ratios) <= 8


def test_who_has_no_cookie_is_in_the_test_only_if_it_says_so_and_then_a_stratum_of_its_own(start: StartTest) -> None:
    test = start(includeCookieless=True)
    without = {"Cookie": "", "Sec-GPC": "1"}
    for at in range(6):
        test.click(at)
        test.click(at, **{**without, "User-Agent": f"Mozilla/5.0 (X11; Linux x86_64; rv:{at}.0) Firefox/{at}.0"})
    found = test.results()
    assert sum(visitors(found).values()) == 12
    assert "cookieless_share" in found["verdict"]["reasons"]
    adds_up(found)


def test_without_that_word_they_are_excluded_as_daily(running: Test) -> None:
    running.click(1)
    running.click(2, **{"Cookie": "", "Sec-GPC": "1"})
    found = running.results()
    assert (sum(visitors(found).values()), found["excluded"]["daily"]) == (1, 1)
    adds_up(found)


def test_only_conversions_within_the_window_of_the_entry_count(start: StartTest, clock: SetClock) -> None:
    test = start(attributionWindowDays=7, ctxTtlSeconds=20 * 86_400, decisionWindowDays=7)
    test.buy(test.click(1), "in-time")
    test.click(2)
    clock.advance(6 * DAY)
    again = test.click(2)
    clock.advance(3 * DAY)
    test.buy(again, "within-its-click-beyond-its-entry")
    found = test.results()
    assert sum(variant["converters"] for variant in found["variants"]) == 1
    assert found["funnel"]["converters"] == 2
    assert (found["excluded"]["late"], found["excludedConverters"]["late"]) == (0, 1)
    adds_up(found)


def test_pauses_rules_and_what_comes_after_are_excluded_by_name(client: Client, running: Test) -> None:
    running.crowd(
        Crowd(1, 3, 1, cohort="OUTSIDE"),
        Crowd(0, 4, cohort="RULE"),
        Crowd(1, 5, 1, cohort="PAUSED"),
        Crowd(1, 6, cohort="AFTER"),
        Crowd(1, 7, cohort="DAILY", identity="DAILY"),
    )
    found = running.results()
    assert found["excluded"] == {
        "outside": 3,
        "daily": 7,
        "rule": 4,
        "earlier": 0,
        "paused": 5,
        "after": 6,
        "late": 0,
    }
    adds_up(found)


def test_a_seal_hides_what_compares_and_leaves_the_counts(start: StartTest) -> None:
    test = start(embargoUntil="2026-12-31T23:00:00Z", expectedRate=0.04, minimumLift=0.45)
    test.crowd(*WINNING)
    test.clock.advance(15 * DAY)
    found = test.results()
    assert found["verdict"]["code"] == "EMBARGOED"
    assert found["verdict"]["sentence"] == "Results are sealed until 31 Dec. Counts and health are shown."
    assert (found["verdict"]["reasons"], found["verdict"]["variantIds"], found["comparisons"]) == ([], [], [])
    assert [variant["rateInterval"] for variant in found["variants"]] == [None, None]
    assert found["variants"][0]["withheld"]["rateInterval"] == "sealed"
    assert visitors(found) == {"a": 5_000, "b": 5_000}
    assert found["sampleRatio"]["status"] == "FINE"
    assert found["sizing"]["progress"] is not None
    test.clock.advance(60 * DAY)
    assert test.verdict() == "WINNER"


def test_the_plan_counts_as_it_stood_at_the_first_entry(client: Client, start: StartTest) -> None:
    test = start(expectedRate=0.2, minimumLift=0.25)
    assert test.results()["method"]["plannedVisitors"] == 3_830
    client.patch(test.path, {"minimumLift": 0.5}, by=test.owner)
    before = test.results()["method"]["plannedVisitors"]
    assert before < 3_830
    test.click(1)
    client.patch(test.path, {"minimumLift": 0.25}, by=test.owner)
    client.patch(test.path, {"minimumLift": 0.1, "expectedRate": 0.01}, by=test.owner)
    found = test.results()
    assert found["method"]["plannedVisitors"] == before
    assert found["sizing"]["visitorsPerVariant"] == before / 2


def test_days_left_at_the_present_ramp_and_at_a_full_one(client: Client, start: StartTest) -> None:
    test = start(rampPercent=25, expectedRate=0.2, minimumLift=0.25)
    test.clock.advance(2 * DAY)
    test.crowd(Crowd(1, 250), Crowd(2, 250))
    found = test.results()["sizing"]
    assert (found["visitorsPerVariant"], found["daysLeft"]) == (1_915, {"now": 14, "atFullRamp": 4})
    client.post(f"{test.path}/ramp", {"rampPercent": 50}, by=test.owner)
    assert test.results()["sizing"]["daysLeft"] == {"now": 7, "atFullRamp": 4}
    client.post(f"{test.path}/transitions", {"to": "PAUSED"}, by=test.owner)
    assert test.results()["sizing"]["reason"] == "not_active"


def test_a_run_has_results_of_its_own(client: Client, cast: Cast, running: Test) -> None:
    tester = cast.token("campaigns.*")
    opened = client.post(f"{running.path}/test-runs", {"seed": 7}, by=tester).json()
    for name in "abcdef":
        headers = {"X-Funnelproof-Run": opened["runToken"], "X-Funnelproof-As": f"visitor={name}"}
        assert client.get(f"/{HANDLE}/buy-now", headers=headers).status_code == 302
    found = running.results(f"?run={opened['runId']}")
    assert (found["mode"], found["run"], sum(visitors(found).values())) == ("test", opened["runId"], 6)
    assert found["sampleRatio"]["status"] == "UNKNOWN"
    assert sum(visitors(running.results()).values()) == 0
    refused(client.get(f"{running.path}/results?mode=test", by=running.owner), 400, "invalid_run")
    refused(client.get(f"{running.path}/results?run=run_none", by=running.owner), 404, "not_found")


def test_more_converters_than_visitors_is_no_test(running: Test) -> None:
    running.crowd(Crowd(1, 100, 30), Crowd(2, 100, 130))
    running.clock.advance(15 * DAY)
    verdict = running.results()["verdict"]
    assert (verdict["code"], verdict["reasons"][0]) == ("INVALID", "more_converters_than_visitors")
    found = running.results()
    assert found["variants"][1]["withheld"]["rateInterval"] == "more_converters_than_visitors"
    assert found["comparisons"][0]["withheld"]["difference"] == "more_converters_than_visitors"


def test_a_page_that_loses_its_visitors_makes_the_test_worthless(client: Client, running: Test) -> None:
    running.crowd(Crowd(1, 2_000, 100, arrived=1_800), Crowd(2, 2_000, 60, arrived=1_000))
    running.clock.advance(15 * DAY)
    assert "arrival" not in running.results()["verdict"]["reasons"]
    ctx = running.click(1)
    assert client.post("/v2/public/arrivals", {"ctx": ctx}).status_code < 300
    verdict = running.results()["verdict"]
    assert (verdict["code"], verdict["reasons"][0]) == ("INVALID", "arrival")
    assert verdict["sentence"] == "Do not use this test: B's page drops the ctx or does not load."


@pytest.mark.parametrize("control", [(0, 0), (1, 0), (3, 3), (30, 30), (100, 25)])
@pytest.mark.parametrize("variant", [(0, 0), (1, 1), (3, 0), (30, 30), (100, 25)])
def test_no_number_is_ever_nan_or_infinite(running: Test, control: tuple[int, int], variant: tuple[int, int]) -> None:
    running.crowd(Crowd(1, *control, each=100), Crowd(2, *variant, each=100))
    running.clock.advance(9 * DAY)
    found = running.results()
    assert all(math.isfinite(number) for number in numbers(found))
    adds_up(found)


def test_a_campaign_without_variants_has_nothing_to_compare(start: StartTest) -> None:
    test = start(variants=[])
    test.click(1)
    found = test.results()
    assert found["verdict"]["sentence"] == "No variant is the control, so there is nothing to compare with."
    assert (found["variants"], found["excluded"]["outside"]) == ([], 1)


def test_who_may_read(client: Client, cast: Cast, running: Test) -> None:
    path = f"{running.path}/results"
    refused(client.get(path), 401, "missing_bearer_token")
    refused(client.get(path, by=cast.token("analytics.read")), 403, "insufficient_scope")
    refused(client.get(path, by=cast.stranger), 404, "handle_not_found")
    refused(client.get(f"{CAMPAIGNS}/none-such/results", by=cast.owner), 404, "campaign_not_found")
    refused(client.get(f"{path}?mode=dream", by=cast.owner), 400, "invalid_mode")
    assert client.get(path, by=cast.teammate).status_code == 200
    assert client.get(path, by=cast.token("campaigns.read")).status_code == 200
