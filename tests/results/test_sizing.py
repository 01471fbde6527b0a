"""How long a test has to run: before it begins, over HTTP and as a pure function."""

from xml.etree import ElementTree

import pytest

from cast import Cast, Client, refused
from funnelproof.clock import DAY
from funnelproof.errors import Problem
from funnelproof.results.outlook import outlook
from results.conftest import CAMPAIGNS, Crowd, StartTest, Test


def test_the_published_size_and_the_days_it_takes() -> None:
    found = outlook(0.2, 0.25, daily_visitors=1_000, shares=[0.5, 0.5])
    assert (found.per_arm, found.fixed_per_arm, found.days) == (1_915, 1_094, 4)
    assert found.sentence == "To see +25 % on 20 % takes 1 915 visitors in each variant: about 4 days at 1 000 a day."


def test_the_smallest_arm_decides_how_long_it_takes() -> None:
    assert outlook(0.2, 0.25, daily_visitors=1_000, shares=[0.9, 0.1]).days == 20


def test_power_grows_with_the_days_and_is_about_three_quarters_at_the_planned_size() -> None:
    found = outlook(0.04, 0.1, daily_visitors=900, shares=[0.5, 0.5])
    powers = [point.power for point in found.curve]
    assert powers == sorted(powers)
    assert found.days is not None
    at_plan = next(point.power for point in found.curve if point.day >= found.days)
    assert 0.72 < at_plan < 0.85
    assert len(found.curve) <= 24


def test_a_hopeless_plan_says_so() -> None:
    assert "hopeless" in outlook(0.01, 0.05, daily_visitors=100, shares=[0.5, 0.5]).sentence


def test_without_visitors_nobody_can_say_how_many_days() -> None:
    found = outlook(0.04, 0.1, daily_visitors=None, shares=[0.5, 0.5])
    assert (found.days, found.curve) == (None, ())


@pytest.mark.parametrize(("baseline", "lift"), [(0, 0.1), (1, 0.1), (0.4, 3), (0.1, 0), (0.1, -0.5), (0.1, 1e-300)])
def test_a_plan_that_cannot_be_is_refused(baseline: float, lift: float) -> None:
    with pytest.raises(Problem):
        outlook(baseline, lift, daily_visitors=100, shares=[0.5, 0.5])


def test_over_http_it_is_the_campaigns_plan_and_traffic(client: Client, start: StartTest) -> None:
    test = start(expectedRate=0.2, minimumLift=0.25, rampPercent=50)
    test.clock.advance(2 * DAY)
    test.crowd(Crowd(1, 500), Crowd(2, 500))
    found = client.get(f"{test.path}/sizing", by=test.owner).json()
    assert (found["visitorsPerVariant"], found["baselineFrom"], found["minimumLift"]) == (1_915, "plan", 0.25)
    assert (found["dailyVisitors"], found["days"]) == (1_000, {"now": 8, "atFullRamp": 4})
    assert found["curve"][-1]["power"] > 0.9


def test_the_query_overrides_the_plan(client: Client, start: StartTest) -> None:
    test = start(expectedRate=0.2, minimumLift=0.25)
    found = client.get(f"{test.path}/sizing?baseline=0.04&lift=0.1&dailyVisitors=900", by=test.owner).json()
    assert (found["visitorsPerVariant"], found["baselineFrom"], found["days"]["now"]) == (69_081, "query", 154)


def test_without_a_plan_the_rate_seen_so_far_serves(client: Client, running: Test) -> None:
    nothing = client.get(f"{running.path}/sizing", by=running.owner).json()
    assert (nothing["reason"], nothing["visitorsPerVariant"]) == ("no_plan", None)
    assert nothing["sentence"] == "Give the campaign expectedRate and minimumLift, or ask with baseline and lift."
    running.crowd(Crowd(1, 1_000, 46), Crowd(2, 1_000, 50))
    found = client.get(f"{running.path}/sizing?lift=0.2&dailyVisitors=900", by=running.owner).json()
    assert (found["baseline"], found["baselineFrom"]) == (0.046, "seen")


def test_a_plan_of_its_own_that_cannot_be_is_a_reason_and_no_error(client: Client, start: StartTest) -> None:
    test = start(minimumLift=0.9)
    test.crowd(Crowd(1, 100, 60), Crowd(2, 100, 60))
    found = client.get(f"{test.path}/sizing", by=test.owner).json()
    assert (found["reason"], found["baselineFrom"], found["visitorsPerVariant"]) == ("plan_cannot_be", "seen", None)
    assert found["sentence"].startswith("This plan cannot be: ")
    refused(client.get(f"{test.path}/sizing?lift=0.9", by=test.owner), 400, "invalid_lift")


def test_a_closed_ramp_says_why_there_are_no_days_now(client: Client, start: StartTest) -> None:
    test = start(rampPercent=0, expectedRate=0.2, minimumLift=0.25)
    found = client.get(f"{test.path}/sizing?dailyVisitors=900", by=test.owner).json()
    assert (found["days"], found["reason"]) == ({"now": None, "atFullRamp": 5}, "closed_to_new_visitors")


@pytest.mark.parametrize("daily", ["1e-300", "0.001"])
def test_far_too_few_visitors_are_no_closed_door(client: Client, start: StartTest, daily: str) -> None:
    test = start(rampPercent=50, expectedRate=0.01, minimumLift=0.01)
    found = client.get(f"{test.path}/sizing?dailyVisitors={daily}", by=test.owner).json()
    assert (found["days"], found["curve"]) == ({"now": None, "atFullRamp": None}, [])
    assert (found["reason"], "hopeless" in found["sentence"]) == ("out_of_reach", True)
    drawn = client.get(f"{test.path}/sizing/power.svg?dailyVisitors={daily}", by=test.owner).text
    assert "Nobody can say" not in drawn
    assert "hopeless" in drawn


def test_results_tell_a_plan_that_cannot_be_from_none(start: StartTest) -> None:
    test = start(expectedRate=0.9, minimumLift=0.5)
    assert test.results()["sizing"]["reason"] == "plan_cannot_be"


def test_the_picture_of_power_against_days(client: Client, running: Test) -> None:
    def drawn(query: str) -> list[str]:
        answer = client.get(f"{running.path}/sizing/power.svg{query}", by=running.owner)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")
        page = ElementTree.fromstring(answer.text)  # noqa: S314 - our own picture
        return [element.text or "" for element in page.iter("{http://www.w3.org/2000/svg}text")]

    texts = drawn("?baseline=0.04&lift=0.1&dailyVisitors=900")
    assert {"How likely +10 % on 4 % is found by that day", "planned size: day 154", "80 %", "200"} <= set(texts)
    assert "Nobody can say without visitors a day." in drawn("?baseline=0.04&lift=0.1")
    assert "Give the campaign expectedRate and minimumLift, or ask with baseline and lift." in drawn("")
    refused(client.get(f"{running.path}/sizing/power.svg?lift=0", by=running.owner), 400, "invalid_lift")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("baseline=2&lift=0.1", "invalid_baseline"),
        ("baseline=0.1&lift=0", "invalid_lift"),
        ("baseline=0.5&lift=2", "invalid_lift"),
        ("dailyVisitors=0", "invalid_daily_visitors"),
        ("lift=lots", "invalid_lift"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(client: Client, running: Test, query: str, code: str) -> None:
    refused(client.get(f"{running.path}/sizing?{query}", by=running.owner), 400, code)


def test_who_may_ask(client: Client, cast: Cast, running: Test) -> None:
    path = f"{running.path}/sizing"
    refused(client.get(path), 401, "missing_bearer_token")
    refused(client.get(path, by=cast.token("analytics.read")), 403, "insufficient_scope")
    refused(client.get(path, by=cast.stranger), 404, "handle_not_found")
    refused(client.get(f"{CAMPAIGNS}/none-such/sizing", by=cast.owner), 404, "campaign_not_found")
    assert client.get(path, by=cast.teammate).status_code == 200
