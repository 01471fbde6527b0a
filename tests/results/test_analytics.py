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
        ("mode=dream", "invalid_mode"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(client: Client, reader: Actor, query: str, code: str) -> None:
    document: dict[str, Any] = client.get(f"{ANALYTICS}?{query}", by=reader).json()
    assert (document["status"], document["error"]) == (400, code)


def test_who_may_read(client: Client, cast: Cast, reader: Actor) -> None:
    refused(client.get(ANALYTICS), 401, "missing_bearer_token")
    refused(client.get(ANALYTICS, by=cast.token("campaigns.*")), 403, "insufficient_scope")
    refused(client.get(ANALYTICS, by=cast.stranger), 404, "handle_not_found")
    refused(client.get(f"{ANALYTICS}?campaignId=none-such", by=reader), 404, "campaign_not_found")
    assert client.get(ANALYTICS, by=cast.teammate).status_code == 200
