"""Every reason beside a verdict: told in the manual, and come by over HTTP where counters and settings bring it."""

import re
from pathlib import Path
from typing import Any

import pytest

import funnelproof.results
from cast import Client
from docs.shell_of_pages import ROOT
from funnelproof.clock import DAY
from results.conftest import Crowd, StartTest, Test

SOURCES = Path(funnelproof.results.__file__).parent.glob("*.py")
CODES = {code for source in SOURCES for code in re.findall(r'Reason\(\s*"(\w+)"', source.read_text("utf-8"))}
NEVER_DECIDE = {
    "sample_ratio_watch",
    "more_conversions_but_lower_rate",
    "slice_flips",
    "not_whole_weeks",
    "too_good",
    "mixed_currency",
    "one_order_carries_it",
    "cookieless_share",
    "was_winner_at",
    "short_ctx_life",
}
DECIDE = {
    "sample_ratio",
    "leak",
    "arrival",
    "more_converters_than_visitors",
    "counters_differ",
    "nothing_to_compare",
    "early_harm",
    "few_converters",
    "fewer_than_7_full_days",
    "immature_windows",
    "not_told_apart",
    "variant_worse",
    "smaller_than_minimum",
    "planned_size_reached",
    "running",
    "mixed",
}
PLAN = {"expectedRate": 0.1, "minimumLift": 0.5}


def told(test: Test) -> dict[str, str]:
    """Reason → sentence."""
    return {own["reason"]: own["sentence"] for own in test.results()["verdict"]["explanations"]}


def test_the_list_of_reasons_is_whole() -> None:
    assert NEVER_DECIDE | DECIDE <= CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_manual_tells_each_reason(code: str) -> None:
    pages = [(ROOT / "docs" / name).read_text("utf-8") for name in ("verdict.md", "analytics.md")]
    assert any(f"`{code}`" in page for page in pages)


def test_a_split_that_begins_to_look_odd_is_watched(running: Test) -> None:
    running.crowd(Crowd(1, 5_210), Crowd(2, 4_790))
    assert running.results()["sampleRatio"]["status"] == "WATCH"
    assert told(running)["sample_ratio_watch"] == "The split of visitors begins to look odd; watch it."


def test_more_orders_from_fewer_buyers(client: Client, start: StartTest) -> None:
    """B got three times the visitors, and a smaller share of them bought."""
    weights = [{"variantId": "a", "name": "A", "weight": 25, "control": True}, {"variantId": "b", "weight": 75}]
    test = start(variants=weights)
    test.crowd(Crowd(1, 2_500, 200), Crowd(2, 7_500, 400))
    assert "more_conversions_but_lower_rate" in told(test)


@pytest.mark.parametrize(("days", "is_told"), [(8, False), (9, True), (15, False), (16, True)])
def test_weeks_that_are_not_whole_are_told_after_the_first(running: Test, days: int, is_told: bool) -> None:  # noqa: FBT001
    running.crowd(Crowd(1, 500, 50), Crowd(2, 500, 50))
    running.clock.advance(days * DAY)
    assert running.results()["verdict"]["fullDays"] == days - 1
    assert ("not_whole_weeks" in told(running)) is is_told


@pytest.mark.parametrize(("converters", "is_told"), [(600, True), (440, False), (350, False)])
def test_a_difference_too_good_to_be_true(running: Test, converters: int, is_told: bool) -> None:  # noqa: FBT001
    running.crowd(Crowd(1, 5_000, 300), Crowd(2, 5_000, converters))
    assert ("too_good" in told(running)) is is_told


@pytest.mark.parametrize(("dollars", "is_told"), [(2, False), (3, True)])
def test_other_currencies_above_one_percent(running: Test, dollars: int, is_told: bool) -> None:  # noqa: FBT001
    running.crowd(Crowd(1, 1_000, 120, each=1_000), Crowd(2, 1_000, 130 - dollars, each=1_000))
    running.crowd(Crowd(2, 0, dollars, each=1_000, currency="USD"))
    found = running.results()["comparisons"][0]
    assert (found["withheld"].get("revenuePerVisitor") == "mixed_currency") is is_told
    assert (found["revenuePerVisitor"] is None) is is_told
    assert ("mixed_currency" in told(running)) is is_told


@pytest.mark.parametrize(("largest", "is_told"), [(900_000, True), (1_000, False), (2_000, False)])
def test_one_order_that_carries_the_arm(running: Test, largest: int, is_told: bool) -> None:  # noqa: FBT001
    running.crowd(Crowd(1, 1_000, 150, each=1_000), Crowd(2, 1_000, 149, each=1_000))
    running.crowd(Crowd(2, 0, 1, each=largest))
    assert told(running).get("one_order_carries_it") == (
        "B earns more per visitor because of one order." if is_told else None
    )


@pytest.mark.parametrize(("daily", "is_told"), [(50, False), (51, True)])
def test_more_than_a_fifth_without_a_cookie(running: Test, daily: int, is_told: bool) -> None:  # noqa: FBT001
    running.crowd(Crowd(1, 100), Crowd(2, 100), Crowd(1, daily, cohort="DAILY", identity="DAILY"))
    assert ("cookieless_share" in told(running)) is is_told


@pytest.mark.parametrize(("seconds", "is_told"), [(86_400, True), (7 * 86_400, False)])
def test_a_ctx_that_lives_shorter_than_the_window(start: StartTest, seconds: int, is_told: bool) -> None:  # noqa: FBT001
    test = start(attributionWindowDays=7, ctxTtlSeconds=seconds)
    assert ("short_ctx_life" in told(test)) is is_told


@pytest.mark.parametrize(
    ("crowd", "fields", "code"),
    [
        ((Crowd(1, 400, 40), Crowd(2, 400, 30)), {}, "running"),
        ((Crowd(1, 60, 20), Crowd(2, 60, 20)), {}, "few_converters"),
        (
            (Crowd(1, 9_000, 900), Crowd(2, 9_000, 900)),
            {"expectedRate": 0.1, "minimumLift": 0.5},
            "planned_size_reached",
        ),
        (
            (Crowd(1, 90_000, 9_000), Crowd(2, 90_000, 9_000)),
            {"expectedRate": 0.1, "minimumLift": 0.5},
            "smaller_than_minimum",
        ),
        ((Crowd(1, 4_000, 400), Crowd(2, 4_000, 250)), {}, "early_harm"),
    ],
)
def test_a_row_of_the_table_brings_its_reason(
    start: StartTest, crowd: tuple[Crowd, ...], fields: dict[str, Any], code: str
) -> None:
    test = start(**fields)
    test.crowd(*crowd)
    test.clock.advance((4 if code == "early_harm" else 15) * DAY)
    assert code in told(test)
