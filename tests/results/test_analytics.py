"""Analytics over HTTP: live, by group, in the handle's days."""

from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client, refused
from funnelproof.clock import DAY, SetClock

ANALYTICS = f"/v2/handles/{HANDLE}/analytics"
CAMPAIGNS = f"/v2/handles/{HANDLE}/campaigns"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def reader(client: Client, cast: Cast) -> Actor:
    body = {
        "campaignId": "spring-launch",
        "name": "Spring launch",
        "goalType": "PRODUCT_SALE",
        "currency": "USD",
        "status": "ACTIVE",
        "primaryLink": {"slug": "spring", "destinationUrl": "https://shop.gharart.example/spring"},
        "variants": [{"variantId": "a", "weight": 1}, {"variantId": "b", "weight": 1}],
    }
    assert client.post(CAMPAIGNS, body, by=cast.owner).status_code == 201
    return cast.token("analytics.read")


def visit(client: Client, agent: str, source: str, cookie: str | None = None) -> str:
    headers = {"User-Agent": agent, **({"Cookie": f"fp_vid={cookie}"} if cookie else {})}
    answer = client.get(f"/{HANDLE}/spring?utm_source={source}", headers=headers)
    return str(answer.headers["location"].rpartition("ctx=")[2])


def convert(client: Client, ctx: str, key: str, value: str, currency: str = "USD") -> None:
    body = {"ctx": ctx, "idempotencyKey": key, "value": value, "currency": currency}
    assert client.post("/v2/public/conversions", body).status_code == 201


def test_nothing_yet_is_zero_everywhere_and_of_unknown_freshness(client: Client, reader: Actor) -> None:
    answer = client.get(f"{ANALYTICS}?campaignId=spring-launch&funnel=true", by=reader).json()
    assert answer["totals"]["clicks"] == 0
    assert answer["rows"] == []
    assert [stage["rateFromPrevious"] for stage in answer["funnel"]] == [None, None, None, None]
    assert answer["freshness"]["status"] == "UNKNOWN"


def test_each_group_adds_up_to_the_totals(client: Client, reader: Actor) -> None:
    for at in range(12):
        ctx = visit(client, PHONE if at % 3 else DESKTOP, "mail" if at % 2 else "ads", f"{at % 8:032x}")
        if at % 4 == 0:
            convert(client, ctx, f"order-{at}", "10.00")
            convert(client, ctx, f"other-{at}", "5", "EUR")
    visit(client, "curl/8.0", "ads")
    for group in ("day", "variant", "slug", "country", "device", "referrer", "source", "segment"):
        answer = client.get(f"{ANALYTICS}?campaignId=spring-launch&groupBy={group}", by=reader).json()
        totals = answer["totals"]
        assert (totals["clicks"], totals["botClicks"], totals["visitors"], totals["conversions"]) == (13, 1, 8, 6)
        assert totals["revenue"] == [
            {"currency": "EUR", "gross": "15.00", "net": "15.00"},
            {"currency": "USD", "gross": "30.00", "net": "30.00"},
        ]
        for counter in ("clicks", "qualifiedClicks", "visitors", "conversions", "converters"):
            assert sum(row[counter] for row in answer["rows"]) == totals[counter], (group, counter)
        assert all(row["converters"] <= row["visitors"] for row in answer["rows"]), group


def test_variants_are_named_by_their_ids(client: Client, reader: Actor) -> None:
    for at in range(6):
        visit(client, DESKTOP, "ads", f"{at:032x}")
    rows = client.get(f"{ANALYTICS}?campaignId=spring-launch&groupBy=variant", by=reader).json()["rows"]
    assert {row["key"] for row in rows} == {"a", "b"}


def test_a_day_is_a_day_in_the_handles_time_zone(client: Client, cast: Cast, reader: Actor, clock: SetClock) -> None:
    client.patch(f"/v2/handles/{HANDLE}", {"timeZone": "Asia/Kolkata"}, by=cast.owner)
    clock.advance(DAY)
    clock.at = clock.at // DAY * DAY + DAY - 60_000_000
    visit(client, DESKTOP, "ads")
    answer = client.get(f"{ANALYTICS}?campaignId=spring-launch", by=reader).json()
    assert (answer["timeZone"], [row["key"] for row in answer["rows"]]) == ("Asia/Kolkata", ["2026-11-25"])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2026-12-01&to=2026-11-01", "invalid_from"),
        ("from=yesterday", "invalid_from"),
        ("to=2026-13-01", "invalid_to"),
        ("from=2020-01-01&to=2026-01-01", "invalid_from"),
        ("groupBy=colour", "invalid_group_by"),
        ("groupBy=hour&from=2025-10-01", "invalid_group_by"),
        ("groupBy=variant", "invalid_group_by"),
        ("mode=dream", "invalid_mode"),
        ("mode=preview", "invalid_mode"),
        ("run=live", "invalid_run"),
        ("from=2026-11-20T00:00:00", "invalid_from"),
        ("to=0000-01-01", "invalid_to"),
        ("to=9999-12-31T23:59:59-14:00", "invalid_to"),
        ("hourly=true", "unknown_field"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(client: Client, reader: Actor, query: str, code: str) -> None:
    document: dict[str, Any] = client.get(f"{ANALYTICS}?{query}", by=reader).json()
    assert (document["status"], document["error"]) == (400, code)


def test_an_unknown_group_is_told_which_there_are(client: Client, reader: Actor) -> None:
    document = refused(client.get(f"{ANALYTICS}?groupBy=hour", by=reader), 400, "invalid_group_by")
    assert "segment" in document["detail"]


def test_the_funnel_goes_from_clicks_to_conversions_each_with_both_rates(client: Client, reader: Actor) -> None:
    contexts = [visit(client, DESKTOP, "ads", f"{at:032x}") for at in range(4)]
    visit(client, "curl/8.0", "ads")
    convert(client, contexts[0], "order-1", "10.00")
    stages = client.get(f"{ANALYTICS}?funnel=true", by=reader).json()["funnel"]
    told = [tuple(stage.values()) for stage in stages]
    assert told == [
        ("clicks", 5, None, 1.0),
        ("qualifiedClicks", 4, 0.8, 0.8),
        ("visitors", 4, 1.0, 0.8),
        ("conversions", 1, 0.25, 0.2),
    ]


def test_without_from_it_is_the_thirty_days_before_to(client: Client, reader: Actor) -> None:
    answer = client.get(f"{ANALYTICS}?to=2026-07-31", by=reader).json()
    assert (answer["from"], answer["to"]) == ("2026-07-01", "2026-07-31")


def test_a_time_is_taken_for_its_local_day(client: Client, cast: Cast, reader: Actor, clock: SetClock) -> None:
    client.patch(f"/v2/handles/{HANDLE}", {"timeZone": "Pacific/Auckland"}, by=cast.owner)
    clock.advance(2 * DAY)
    answer = client.get(f"{ANALYTICS}?from=2026-11-24T12:00:00Z&to=2026-11-24T12:00:00%2B00:00", by=reader).json()
    assert (answer["from"], answer["to"]) == ("2026-11-25", "2026-11-25")


def test_an_order_makes_the_figures_fresher_than_its_click(client: Client, reader: Actor) -> None:
    ctx = visit(client, DESKTOP, "ads")
    before = client.get(ANALYTICS, by=reader).json()["freshness"]
    convert(client, ctx, "order-1", "10.00")
    after = client.get(ANALYTICS, by=reader).json()["freshness"]
    assert (before["status"], after["status"], after["slaMinutes"]) == ("FRESH", "FRESH", 1)
    assert after["lastUpdatedAt"] > before["lastUpdatedAt"]


def test_live_and_test_are_apart_and_a_run_can_be_looked_at_alone(client: Client, cast: Cast, reader: Actor) -> None:
    visit(client, DESKTOP, "ads")
    path = f"{CAMPAIGNS}/spring-launch/test-conversion"
    runs = [client.post(path, {}, by=cast.owner).json()["runId"] for _ in range(2)]

    def conversions(query: str) -> int:
        found: int = client.get(f"{ANALYTICS}?{query}", by=reader).json()["totals"]["conversions"]
        return found

    assert (conversions(""), conversions("mode=live")) == (0, 0)
    assert conversions("mode=test") == conversions("mode=test&campaignId=spring-launch") == 4
    assert conversions(f"run={runs[0]}") == conversions(f"mode=test&run={runs[1]}") == 2
    assert client.get(f"{ANALYTICS}?run={runs[0]}", by=reader).json()["mode"] == "test"


def test_confidence_tells_what_lowered_it_and_is_asked_for(client: Client, reader: Actor, clock: SetClock) -> None:
    assert client.get(ANALYTICS, by=reader).json()["confidence"] is None
    nothing = client.get(f"{ANALYTICS}?confidence=true", by=reader).json()["confidence"]
    assert (nothing["score"], [reason["code"] for reason in nothing["reasons"]]) == (0, ["nothing_counted"])
    for at in range(4):
        convert(client, visit(client, DESKTOP, "ads", f"{at:032x}"), f"order-{at}", "5", "EUR" if at else "USD")
    for _ in range(2):
        visit(client, "curl/8.0", "ads")
    today = client.get(f"{ANALYTICS}?confidence=true", by=reader).json()["confidence"]
    codes = {reason["code"]: reason["points"] for reason in today["reasons"]}
    assert set(codes) == {"few_clicks", "few_conversions", "many_bots", "mixed_currency", "day_not_over"}
    assert today["score"] == 100 - sum(codes.values())
    clock.advance(DAY)
    later = client.get(f"{ANALYTICS}?confidence=true&to=2026-11-23", by=reader).json()["confidence"]
    assert later["score"] == today["score"] + codes["day_not_over"]


def test_who_may_read(client: Client, cast: Cast, reader: Actor) -> None:
    refused(client.get(ANALYTICS), 401, "missing_bearer_token")
    refused(client.get(ANALYTICS, by=cast.token("campaigns.*")), 403, "insufficient_scope")
    refused(client.get(ANALYTICS, by=cast.stranger), 404, "handle_not_found")
    refused(client.get(f"{ANALYTICS}?campaignId=none-such", by=reader), 404, "campaign_not_found")
    assert client.get(ANALYTICS, by=cast.teammate).status_code == 200
