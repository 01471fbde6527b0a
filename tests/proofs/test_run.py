"""Runs step by step: worlds, clocks and snapshots of their own."""

from typing import Any

import httpx2
import pytest

from cast import Actor, Cast, Client, refused
from funnelproof.clock import SetClock, from_iso

CONVERSIONS = "/v2/public/conversions"
DAY_SECONDS = 86_400


@pytest.fixture
def run(client: Client, tester: Actor, campaign: str) -> dict[str, Any]:
    """An open run: runId, runToken, now, and its path."""
    opened = client.post(f"{campaign}/test-runs", {"seed": "seven"}, by=tester)
    assert opened.status_code == 201
    return {**opened.json(), "path": opened.headers["location"]}


def click(
    client: Client, run: dict[str, Any], who: str = "variant=b", path: str = "/gharart/buy-now"
) -> httpx2.Response:
    return client.get(path, headers={"X-Funnelproof-Run": run["runToken"], "X-Funnelproof-As": who})


def ctx_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 302, answer.text
    return answer.headers["location"].rpartition("ctx=")[2]


def convert(client: Client, ctx: str, key: str, **more: Any) -> httpx2.Response:
    return client.post(CONVERSIONS, {"ctx": ctx, "idempotencyKey": key, "value": "49.90", **more})


def test_a_click_of_a_run_gets_the_variant_it_asks_for_and_no_cookie(client: Client, run: dict[str, Any]) -> None:
    for variant, place in (("a", "/a"), ("b", "/b")):
        answer = click(client, run, f"variant={variant}; visitor=ann")
        assert answer.headers["location"].startswith(f"https://shop.gharart.example{place}?ctx=")
        assert "set-cookie" not in answer.headers


def test_a_conversion_of_a_runs_ctx_is_a_test_conversion(client: Client, tester: Actor, run: dict[str, Any]) -> None:
    made = convert(client, ctx_of(click(client, run)), "order-1").json()
    assert (made["mode"], made["disposition"], made["variantId"]) == ("test", "COUNTED", "b")
    live = client.get("/v2/handles/gharart/analytics?campaignId=new-buyer-funnel", by=tester).json()
    test = client.get("/v2/handles/gharart/analytics?campaignId=new-buyer-funnel&mode=test", by=tester).json()
    assert (live["totals"]["clicks"], live["totals"]["conversions"], live["totals"]["revenue"]) == (0, 0, [])
    assert (test["totals"]["clicks"], test["totals"]["conversions"]) == (1, 1)
    assert test["totals"]["revenue"] == [{"currency": "USD", "gross": "49.90", "net": "49.90"}]


def test_a_test_key_never_meets_the_same_live_key_or_that_of_another_run(
    client: Client, tester: Actor, campaign: str, run: dict[str, Any]
) -> None:
    live = client.get("/gharart/buy-now", headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    other = client.post(f"{campaign}/test-runs", by=tester).json()
    answers = [
        convert(client, ctx, "one-key").status_code
        for ctx in map(ctx_of, (live, click(client, run), click(client, other)))
    ]
    assert answers == [201, 201, 201]


def test_the_clock_of_a_run_decides_its_times_and_moves_no_other(
    client: Client, tester: Actor, run: dict[str, Any], clock: SetClock
) -> None:
    ctx = ctx_of(click(client, run))
    assert convert(client, ctx, "early").json()["disposition"] == "COUNTED"
    moved = client.post(f"{run['path']}/clock", {"advanceSeconds": 31 * DAY_SECONDS - 1}, by=tester).json()
    assert from_iso(moved["now"]) == from_iso(run["now"]) + (31 * DAY_SECONDS - 1) * 1_000_000
    assert convert(client, ctx, "late").json()["disposition"] == "OUT_OF_WINDOW"
    client.post(f"{run['path']}/clock", {"advanceSeconds": 1}, by=tester)
    refusal = refused(convert(client, ctx, "too-late"), 400, "invalid_ctx")
    assert (refusal["reason"], convert(client, ctx, "early").status_code) == ("expired", 200)
    assert clock.now() == from_iso(run["now"])


def test_a_run_may_start_at_another_time(client: Client, tester: Actor, campaign: str) -> None:
    body = {"startsAt": "2026-10-25T00:30:00Z"}
    opened = client.post(f"{campaign}/test-runs", body, by=tester).json()
    made = convert(client, ctx_of(click(client, opened)), "k1").json()
    assert made["occurredAt"] == "2026-10-25T00:30:00Z"


def test_a_run_works_on_a_snapshot(client: Client, tester: Actor, campaign: str, run: dict[str, Any]) -> None:
    client.patch(campaign, {"eventType": "signup"}, by=tester)
    assert convert(client, ctx_of(click(client, run)), "k1").json()["eventType"] == "purchase"
    paused = {"status": "PAUSED", "variants": [{"variantId": "a", "weight": 1}]}
    assert client.patch(f"{run['path']}/configuration", paused, by=tester).status_code == 200
    held = convert(client, ctx_of(click(client, run, "variant=b; visitor=new")), "k2").json()
    assert (held["disposition"], held["variantId"]) == ("HELD", "a")
    present = client.get(campaign, by=tester).json()
    assert (present["status"], [variant["weight"] for variant in present["variants"]]) == ("ACTIVE", [50, 50])


def test_a_draft_campaign_can_be_tested_as_if_it_were_active(client: Client, tester: Actor, campaign: str) -> None:
    for to in ("PAUSED", "DRAFT"):
        assert client.post(f"{campaign}/transitions", {"to": to}, by=tester).status_code == 200
    opened = client.post(f"{campaign}/test-runs", by=tester).json()
    assert convert(client, ctx_of(click(client, opened)), "k1").json()["disposition"] == "COUNTED"


def test_a_finished_run_takes_nothing_more(client: Client, tester: Actor, run: dict[str, Any]) -> None:
    ctx = ctx_of(click(client, run))
    convert(client, ctx, "k1")
    receipt = client.post(f"{run['path']}/finish", by=tester).json()
    assert (receipt["state"], receipt["verdict"], receipt["opensGate"]) == ("FINISHED", "PASS", False)
    assert refused(convert(client, ctx, "k2"), 400, "invalid_ctx")["reason"] == "wrong_mode"
    assert convert(client, ctx, "k1").status_code == 200
    refused(click(client, run), 409, "run_finished")
    refused(client.post(f"{run['path']}/clock", {"advanceSeconds": 1}, by=tester), 409, "run_finished")
    refused(client.post(f"{run['path']}/finish", by=tester), 409, "run_finished")


@pytest.mark.parametrize("token", ["", "rt1.nonsense", "{token}x", "{moved}"])
def test_a_run_token_that_does_not_hold_is_refused(client: Client, run: dict[str, Any], token: str) -> None:
    text = token.format(token=run["runToken"], moved=run["runToken"].replace("gharart", "elsewhere"))
    refused(client.get("/gharart/buy-now", headers={"X-Funnelproof-Run": text}), 401, "invalid_run_token")


def test_a_run_token_lives_one_hour(client: Client, run: dict[str, Any], clock: SetClock) -> None:
    clock.advance(3600 * 1_000_000)
    refused(click(client, run), 401, "invalid_run_token")


@pytest.mark.parametrize("who", ["variant=zz", "colour=red", "country=india", "variant"])
def test_a_wish_that_is_not_understood_is_refused(client: Client, run: dict[str, Any], who: str) -> None:
    assert click(client, run, who).status_code == 400


def test_without_a_run_token_nobody_chooses_a_variant(client: Client, campaign: str) -> None:
    answers = {client.get("/gharart/buy-now", headers={"X-Funnelproof-As": f"variant={v}"}).status_code for v in "ab"}
    ctx = ctx_of(client.get("/gharart/buy-now", headers={"X-Funnelproof-As": "variant=b"}))
    assert (answers, client.get(f"/v2/public/context?ctx={ctx}").json()["mode"]) == ({302}, "live")


def test_runs_are_listed_newest_first_and_read_by_members_alone(
    client: Client, cast: Cast, tester: Actor, campaign: str, run: dict[str, Any]
) -> None:
    other = client.post(f"{campaign}/test-runs", by=tester).json()
    page = client.get(f"{campaign}/test-runs?limit=1", by=cast.teammate).json()
    rest = client.get(f"{campaign}/test-runs?limit=1&cursor={page['nextCursor']}", by=cast.teammate).json()
    assert [item["runId"] for item in page["items"] + rest["items"]] == [other["runId"], run["runId"]]
    assert rest["nextCursor"] is None
    refused(client.get(run["path"], by=cast.stranger), 404, "handle_not_found")
    refused(client.get(run["path"].replace("new-buyer-funnel", "another"), by=cast.owner), 404, "not_found")
    refused(client.get(run["path"]), 401, "missing_bearer_token")


def test_the_same_visitor_returns_in_a_run(client: Client, tester: Actor, run: dict[str, Any]) -> None:
    for _ in range(3):
        click(client, run, "variant=a; visitor=ann")
    figures = client.get("/v2/handles/gharart/analytics?campaignId=new-buyer-funnel&mode=test", by=tester).json()
    assert (figures["totals"]["clicks"], figures["totals"]["visitors"]) == (3, 1)


def test_a_runs_clock_stays_where_times_can_be_written(client: Client, tester: Actor, campaign: str) -> None:
    late = client.post(f"{campaign}/test-runs", {"startsAt": "9999-12-30T00:00:00Z"}, by=tester)
    refused(late, 400, "invalid_starts_at")
    opened = client.post(f"{campaign}/test-runs", {"startsAt": "8999-12-31T00:00:00Z"}, by=tester)
    answer = client.post(f"{opened.headers['location']}/clock", {"advanceSeconds": 2 * DAY_SECONDS}, by=tester)
    refused(answer, 400, "invalid_advance_seconds")
    ctx = ctx_of(click(client, opened.json()))
    assert client.get(f"/v2/public/context?ctx={ctx}").json()["usable"] is True


def test_a_run_may_count_its_days_in_another_zone(client: Client, tester: Actor, campaign: str) -> None:
    opened = client.post(f"{campaign}/test-runs", {"startsAt": "2026-03-29T21:59:00Z"}, by=tester)
    run = {**opened.json(), "path": opened.headers["location"]}
    assert client.patch(f"{run['path']}/configuration", {"timeZone": "Europe/Berlin"}, by=tester).status_code == 200
    click(client, run, "visitor=ann")
    client.post(f"{run['path']}/clock", {"advanceSeconds": 120}, by=tester)
    click(client, run, "visitor=bo")
    asked = f"?campaignId=new-buyer-funnel&groupBy=day&run={run['runId']}&from=2026-03-28&to=2026-03-31"
    days = client.get(f"/v2/handles/gharart/analytics{asked}", by=tester).json()["rows"]
    assert {row["key"]: row["clicks"] for row in days} == {"2026-03-29": 1, "2026-03-30": 1}


def test_a_zone_that_does_not_exist_is_refused(client: Client, tester: Actor, run: dict[str, Any]) -> None:
    answer = client.patch(f"{run['path']}/configuration", {"timeZone": "Mars/Olympus"}, by=tester)
    refused(answer, 400, "invalid_time_zone")
