"""Walk it yourself: a person buys through a test link, and the shop's own order completes the walk. Nothing is live."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from cast import HANDLE, OTHER_HANDLE, Cast, Client, refused
from funnel import BOT, BROWSER, CAMPAIGN, SLUG, Funnel
from funnelproof.clock import HOUR, MINUTE, SetClock
from funnelproof.proofs.walk import Returns
from funnelproof.recount.compare import recount
from funnelproof.storage.schema import metadata

WALKS = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/walks"
COUNTED = [table.name for table in metadata.sorted_tables if "world" in table.columns]


def begun(funnel: Funnel, variant: str | None = "b") -> dict[str, Any]:
    answer = funnel.client.post(WALKS, {"variantId": variant} if variant else None, by=funnel.owner)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def read(funnel: Funnel, walk: dict[str, Any]) -> dict[str, Any]:
    return dict(funnel.client.get(f"{WALKS}/{walk['walkId']}", by=funnel.owner).json())


def opened(funnel: Funnel, walk: dict[str, Any], **more: Any) -> Any:
    funnel.client.forget_cookies()
    return funnel.follow(urlsplit(walk["url"]).query, person=None, **more)


def walked(funnel: Funnel, variant: str = "b") -> dict[str, Any]:
    walk = begun(funnel, variant)
    ctx = opened(funnel, walk).headers["location"].rpartition("ctx=")[2]
    assert funnel.send(ctx, f"order of {walk['walkId']}", value="49.90").status_code == 201
    return walk


def see(funnel: Funnel, clock: SetClock) -> None:
    funnel.cast.home.database.write_now(Returns(clock.now).keep)


def check_of(funnel: Funnel, id_: str = "walks") -> dict[str, Any] | None:
    health = funnel.client.get(f"{funnel.base}/campaigns/{CAMPAIGN}/health", by=funnel.owner).json()
    return next((check for check in health["checks"] if check["id"] == id_), None)


def live_rows(funnel: Funnel) -> dict[str, list[dict[str, Any]]]:
    return {name: [row for row in funnel.rows(name) if row["world"] == "live"] for name in COUNTED}


def test_the_shops_own_order_completes_the_walk_and_nothing_live_moves(
    funnel: Funnel, client: Client, clock: SetClock
) -> None:
    funnel.campaign()
    funnel.convert(funnel.click(person=1).ctx, "real order")
    before = live_rows(funnel)
    walk = begun(funnel)
    assert (walk["state"], walk["variantId"], walk["step"]["status"]) == ("BEGUN", "b", "UNKNOWN")
    answer = opened(funnel, walk)
    assert urlsplit(answer.headers["location"]).path == "/b"
    assert read(funnel, walk)["state"] == "OPENED"
    ctx = answer.headers["location"].rpartition("ctx=")[2]
    told = client.get(f"/v2/public/context?ctx={ctx}").json()
    assert (told["mode"], told["variantId"], told["usable"]) == ("test", "b", True)
    clock.advance(2 * MINUTE + 10_000_000)
    order = funnel.send(ctx, "order-8841", value="49.90").json()
    assert (order["mode"], order["disposition"]) == ("test", "COUNTED")
    seen = read(funnel, walk)
    assert (seen["state"], seen["fresh"], seen["step"]["status"]) == ("RETURNED", True, "PASS")
    assert seen["step"]["detail"] == "Arrived after 2 min 10 s, 49.90 USD."
    assert seen["step"]["observed"]["conversionId"] == order["conversionId"]
    assert live_rows(funnel) == before
    report = recount(funnel.cast.home.database, now=clock.now())
    assert (report.different, report.equal > 0) == (0, True)


def test_the_first_order_counts_and_an_order_sent_twice_is_one(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign()
    walk = begun(funnel)
    ctx = opened(funnel, walk).headers["location"].rpartition("ctx=")[2]
    first = funnel.send(ctx, "first", value="49.90").json()
    assert funnel.send(ctx, "first", value="49.90").json()["status"] == "DUPLICATE"
    see(funnel, clock)
    funnel.send(ctx, "second", value="9.90")
    see(funnel, clock)
    assert read(funnel, walk)["step"]["observed"]["conversionId"] == first["conversionId"]


def test_a_ctx_of_elsewhere_completes_nothing(funnel: Funnel) -> None:
    funnel.campaign()
    walk, other = begun(funnel), begun(funnel, "a")
    opened(funnel, walk)
    ctx = opened(funnel, other).headers["location"].rpartition("ctx=")[2]
    funnel.send(ctx, "order of the other", value="1.00")
    funnel.convert(funnel.click(person=1).ctx, "real order")
    assert (read(funnel, walk)["state"], read(funnel, other)["state"]) == ("OPENED", "RETURNED")


def test_the_first_browser_keeps_the_walk_and_later_ones_are_asked(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    walk = begun(funnel)
    bot = opened(funnel, walk, headers={"user-agent": BOT})
    assert (bot.status_code, read(funnel, walk)["state"]) == (200, "BEGUN")
    first = opened(funnel, walk)
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("fp_walk=")
    assert f"Path=/{HANDLE}; Max-Age=86400; HttpOnly; SameSite=Lax" in cookie
    query = urlsplit(walk["url"]).query
    again = client.get(f"/{HANDLE}/{SLUG}?{query}", headers={"cookie": cookie.split(";")[0], "user-agent": BROWSER})
    assert again.status_code == 302
    asked = opened(funnel, walk)
    assert (asked.status_code, "Go to the shop" in asked.text) == (200, True)
    assert f'href="/{HANDLE}/{SLUG}"' in asked.text
    joined = funnel.follow(f"{query}&fp_walk_as=test", person=None)
    ctx = joined.headers["location"].rpartition("ctx=")[2]
    assert client.get(f"/v2/public/context?ctx={ctx}").json()["mode"] == "test"


def test_one_browser_keeps_several_walks(funnel: Funnel) -> None:
    funnel.campaign()
    queries = [urlsplit(begun(funnel, variant)["url"]).query for variant in "ab"]
    funnel.client.forget_cookies()
    places = [urlsplit(funnel.follow(query, person=None).headers["location"]).path for query in (*queries, *queries)]
    assert places == ["/a", "/b", "/a", "/b"]


def test_of_browsers_that_come_at_once_one_keeps_the_walk(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    path = f"/{HANDLE}/{SLUG}?{urlsplit(begun(funnel)['url']).query}"

    async def come() -> httpx2.Response:
        transport = httpx2.ASGITransport(client.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as browser:
            return await browser.get(path, headers={"user-agent": BROWSER})

    async def all_come() -> list[httpx2.Response]:
        return list(await asyncio.gather(*(come() for _ in range(8))))

    answers = client.run(all_come())
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [302]


def test_the_page_that_asks_keeps_a_visitors_tags(funnel: Funnel) -> None:
    funnel.campaign()
    walk = begun(funnel)
    opened(funnel, walk)
    funnel.client.forget_cookies()
    asked = funnel.follow(f"utm_source=mail&{urlsplit(walk['url']).query}", person=None)
    assert f'href="/{HANDLE}/{SLUG}?utm_source=mail"' in asked.text


def test_a_walks_link_lives_for_a_day_and_opens_one_link(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign()
    funnel.link("other", campaignId=CAMPAIGN)
    walk = begun(funnel)
    query = urlsplit(walk["url"]).query
    refused(funnel.follow(query, slug="other", person=None), 410, "walk_ended")
    refused(funnel.follow(query[:-1] + "x", person=None), 410, "walk_ended")
    refused(funnel.follow("fp_walk=", person=None), 410, "walk_ended")
    ctx = opened(funnel, walk).headers["location"].rpartition("ctx=")[2]
    clock.advance(24 * HOUR)
    refused(opened(funnel, walk), 410, "walk_ended")
    late = read(funnel, walk)
    assert (late["state"], late["step"]["status"]) == ("ENDED", "FAIL")
    assert funnel.send(ctx, "late order", value="1.00").status_code == 201
    assert read(funnel, walk)["state"] == "RETURNED"


def test_what_cannot_be_walked_is_told(funnel: Funnel, client: Client, cast: Cast) -> None:
    a, b = funnel.campaign()["variants"]
    funnel.change(variants=[a, b, {"variantId": "c", "weight": 0, "destinationUrl": "https://shop.gharart.example/c"}])
    for variant in ("c", "nobody"):
        refused(client.post(WALKS, {"variantId": variant}, by=funnel.owner), 400, "invalid_variant_id")
    refused(client.post(WALKS, {}, by=funnel.owner), 400, "invalid_variant_id")
    refused(client.post(WALKS.replace(CAMPAIGN, "none"), {}, by=funnel.owner), 404, "campaign_not_found")
    refused(client.get(f"{WALKS}/wlk_{'0' * 32}", by=funnel.owner), 404, "not_found")
    walk = begun(funnel)
    elsewhere = f"/v2/handles/{OTHER_HANDLE}/campaigns/{CAMPAIGN}/walks/{walk['walkId']}"
    refused(client.get(elsewhere, by=cast.stranger), 404, "not_found")
    refused(client.get(f"{WALKS}/{walk['walkId']}", by=cast.stranger), 404, "handle_not_found")
    refused(client.post(WALKS, {"variantId": "b"}, by=cast.token("campaigns.read")), 403, "insufficient_scope")


def test_a_campaign_without_variants_is_walked_as_itself(funnel: Funnel) -> None:
    funnel.campaign(variants=None)
    walk = begun(funnel, None)
    ctx = opened(funnel, walk).headers["location"].rpartition("ctx=")[2]
    funnel.send(ctx, "order", value="1.00")
    assert read(funnel, walk)["state"] == "RETURNED"


def test_the_link_is_a_qr_code_as_well(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    walk = begun(funnel)
    path = urlsplit(walk["qr"]).path
    for kind, begins in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        answer = client.get(f"{path}?format={kind}", by=funnel.owner)
        assert (answer.status_code, answer.content[: len(begins)]) == (200, begins)


def test_health_follows_the_walks(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign()
    assert check_of(funnel) is None
    walked(funnel, "a")
    see(funnel, clock)
    half = check_of(funnel)
    assert half is not None
    assert (half["status"], "b" in half["title"]) == ("UNKNOWN", True)
    walked(funnel, "b")
    see(funnel, clock)
    assert (check_of(funnel) or {})["status"] == "PASS"
    funnel.change(variants=[{**own, "destinationUrl": "https://shop.gharart.example/new"} for own in variants(funnel)])
    changed = check_of(funnel)
    assert changed is not None
    assert (changed["status"], "not as it stands now" in changed["title"]) == ("UNKNOWN", True)
    opened(funnel, begun(funnel, "a"))
    clock.advance(25 * HOUR)
    assert (check_of(funnel) or {})["status"] == "WARN"


def variants(funnel: Funnel) -> list[dict[str, Any]]:
    return list(funnel.client.get(f"{funnel.base}/campaigns/{CAMPAIGN}", by=funnel.owner).json()["variants"])


def test_what_changed_since_a_walk_is_told(funnel: Funnel) -> None:
    funnel.campaign()
    walk = walked(funnel)
    funnel.change(ctxTtlSeconds=3600)
    seen = read(funnel, walk)
    assert (seen["state"], seen["fresh"]) == ("RETURNED", False)
    assert [change["pointer"] for change in seen["changes"]] == ["/ctxTtlSeconds"]


def test_a_proven_campaign_becomes_ready_once_every_variant_is_tested_and_walked(
    funnel: Funnel, client: Client, clock: SetClock
) -> None:
    funnel.campaign(status="DRAFT", launchPolicy="PROVEN")
    path = f"{funnel.base}/campaigns/{CAMPAIGN}/transitions"
    client.post(f"{funnel.base}/campaigns/{CAMPAIGN}/test-conversion", {}, by=funnel.owner)
    closed = refused(client.post(path, {"to": "ACTIVE"}, by=funnel.owner), 409, "not_ready")
    assert [entry["check"] for entry in closed["missing"]] == ["walks"]
    assert "POST …/walks" in closed["missing"][0]["remedy"]
    for variant in "ab":
        walked(funnel, variant)
    see(funnel, clock)
    assert client.post(path, {"to": "ACTIVE"}, by=funnel.owner).json()["status"] == "ACTIVE"


@pytest.mark.parametrize("times", [3])
def test_walks_are_listed_newest_first(funnel: Funnel, client: Client, times: int) -> None:
    funnel.campaign()
    made = [begun(funnel)["walkId"] for _ in range(times)]
    first = client.get(f"{WALKS}?limit=2", by=funnel.owner).json()
    rest = client.get(f"{WALKS}?limit=2&cursor={first['nextCursor']}", by=funnel.owner).json()
    assert [walk["walkId"] for walk in first["items"] + rest["items"]] == made[::-1]


def test_an_order_of_a_click_that_a_rule_decided_completes_no_variant(funnel: Funnel) -> None:
    funnel.campaign()
    rule = {"priority": 1, "when": {"sourceIn": ["mail"]}, "destinationUrl": "https://shop.gharart.example/mail"}
    funnel.link(campaignId=CAMPAIGN, routingRules=[rule])
    walk = begun(funnel)
    funnel.client.forget_cookies()
    led = funnel.follow(f"utm_source=mail&{urlsplit(walk['url']).query}", person=None)
    assert urlsplit(led.headers["location"]).path == "/mail"
    order = funnel.send(led.headers["location"].rpartition("ctx=")[2], "order", value="1.00").json()
    assert (order["disposition"], order["variantId"]) == ("COUNTED", None)
    assert read(funnel, walk)["state"] == "OPENED"


@pytest.mark.parametrize("more", [{"method": "HEAD"}, {"headers": {"sec-purpose": "prefetch"}}])
def test_what_nobody_looks_at_does_not_claim_a_walk(funnel: Funnel, more: dict[str, Any]) -> None:
    funnel.campaign()
    walk = begun(funnel)
    opened(funnel, walk, **more)
    assert read(funnel, walk)["state"] == "BEGUN"
    assert opened(funnel, walk).status_code == 302


def test_walks_that_never_come_back_hide_none_that_did(
    funnel: Funnel, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("funnelproof.walks.store.AT_ONCE", 1)
    funnel.campaign()
    opened(funnel, begun(funnel, "a"))
    clock.advance(MINUTE)
    walk = walked(funnel)
    see(funnel, clock)
    (row,) = [row for row in funnel.rows("walks") if row["walk_id"] == walk["walkId"]]
    assert row["returned_at"] is not None
