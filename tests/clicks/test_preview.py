"""Where a visitor would be led, without leaving a click."""

import pytest

from cast import HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, SHOP, Funnel, cookie_of

PATH = f"/v2/handles/{HANDLE}/links/buy-now/route-preview"
PUBLIC = f"/v2/public/handles/{HANDLE}/links/buy-now/route-preview"


def test_the_preview_tells_what_the_click_then_does(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    for person in range(1, 12):
        shown = client.post(PATH, {"visitor": cookie_of(person)}, by=funnel.owner).json()
        assert funnel.click(person=person).address.startswith(shown["destinationUrl"])
        assert (shown["open"], shown["cohort"]) == (True, "ENTERED")


def test_a_preview_leaves_nothing(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    shown = client.post(PATH, {}, by=funnel.owner).json()
    assert len(shown["visitor"]) == 32
    assert [funnel.rows(table) for table in ("clicks", "ledger", "day_tallies")] == [[], [], []]


def test_a_known_visitor_is_shown_its_own_variant(funnel: Funnel, client: Client) -> None:
    shown = funnel.campaign()
    led = funnel.click(person=1).path
    funnel.change(variants=[{**own, "weight": int(not led.endswith(own["variantId"]))} for own in shown["variants"]])
    preview = client.post(PATH, {"visitor": cookie_of(1)}, by=funnel.owner).json()
    assert preview["destinationUrl"] == f"{SHOP}{led}"


def test_rules_are_shown_at_work(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    rule = {"priority": 1, "when": {"countryIn": ["IN"], "deviceIn": ["MOBILE"]}, "destinationUrl": f"{SHOP}/in"}
    funnel.link("buy-now", campaignId=CAMPAIGN, routingRules=[rule])
    shown = client.post(PATH, {"country": "IN", "device": "MOBILE"}, by=funnel.owner).json()
    assert (shown["destinationUrl"], shown["variantId"], shown["cohort"]) == (f"{SHOP}/in", None, "RULE")


@pytest.mark.parametrize(
    ("fields", "says"), [({"enabled": False}, "enabled"), ({"expiresAt": "2026-11-01T00:00:00Z"}, "expired")]
)
def test_a_closed_link_says_why(funnel: Funnel, client: Client, fields: dict[str, object], says: str) -> None:
    funnel.link("buy-now", **fields)
    shown = client.post(PATH, {}, by=funnel.owner).json()
    assert (shown["open"], shown["destinationUrl"], says in shown["reason"]) == (False, None, True)


def test_a_link_that_is_used_up_says_so(funnel: Funnel, client: Client) -> None:
    funnel.link("buy-now", maxClicks=1)
    funnel.click()
    assert "used up" in client.post(PATH, {}, by=funnel.owner).json()["reason"]


def test_tokens_preview_at_the_public_address(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    assert client.post(PUBLIC, {}, by=cast.token("links.read")).status_code == 200
    refused(client.post(PUBLIC, {}), 401, "missing_bearer_token")
    refused(client.post(PATH, {}, by=cast.stranger), 404, "handle_not_found")
    nothing = client.post(PATH.replace("buy-now", "nothing"), {}, by=cast.owner)
    refused(nothing, 404, "not_found")
    refused(client.post(PATH, {"visitor": "admin"}, by=cast.owner), 400, "invalid_visitor")
