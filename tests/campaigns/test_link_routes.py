"""Links over HTTP: written whole, read back, deleted; for people and, at the public address, for tokens."""

from typing import Any

import pytest

from cast import HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, SHOP, Funnel

LINKS, PUBLIC = f"/v2/handles/{HANDLE}/links", f"/v2/public/handles/{HANDLE}/links"
WHOLE: dict[str, Any] = {
    "destinationUrl": f"{SHOP}/offer",
    "redirectType": 307,
    "title": "Offer",
    "tags": ["spring"],
    "tracking": {"utmSource": "mail", "utmMedium": "email"},
    "trackingPolicy": {"mode": "BRIDGE", "appendContextParam": False},
    "routingRules": [{"priority": 1, "when": {"countryIn": ["IN"]}, "destinationUrl": f"{SHOP}/in"}],
    "scheduledStartAt": "2026-11-01T00:00:00Z",
    "scheduledEndAt": "2026-12-01T00:00:00Z",
    "expiresAt": "2027-01-01T00:00:00Z",
    "maxClicks": 10,
    "password": "open sesame",
    "onStorageFailure": "LEAD_ON",
}


def test_a_link_is_written_read_and_written_back(client: Client, cast: Cast) -> None:
    made = client.put(f"{LINKS}/offer", WHOLE, by=cast.teammate)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"'), made.text
    shown = made.json()
    assert (shown["url"], shown["passwordProtected"], shown["usedClicks"]) == (
        f"http://127.0.0.1:8080/{HANDLE}/offer",
        True,
        0,
    )
    read = client.get(f"{LINKS}/offer", by=cast.teammate)
    assert read.json() == shown
    again = client.put(f"{LINKS}/offer", shown, by=cast.teammate, headers={"If-Match": read.headers["etag"]})
    assert (again.status_code, again.json()) == (200, shown)


def test_writing_a_link_again_changes_nothing_its_password_included(client: Client, cast: Cast) -> None:
    client.put(f"{LINKS}/offer", WHOLE, by=cast.owner)
    assert client.put(f"{LINKS}/offer", WHOLE, by=cast.owner).json()["version"] == 1
    changed = client.put(f"{LINKS}/offer", {**WHOLE, "password": "another"}, by=cast.owner).json()
    assert (changed["version"], changed["passwordProtected"]) == (2, True)
    removed = client.put(f"{LINKS}/offer", {**WHOLE, "password": None}, by=cast.owner).json()
    assert removed["passwordProtected"] is False


def test_what_is_left_out_takes_its_default_but_the_password_stays(client: Client, cast: Cast) -> None:
    client.put(f"{LINKS}/offer", WHOLE, by=cast.owner)
    bare = client.put(f"{LINKS}/offer", {"destinationUrl": SHOP}, by=cast.owner).json()
    assert (bare["redirectType"], bare["maxClicks"], bare["tags"], bare["trackingPolicy"]) == (
        302,
        None,
        [],
        {"mode": "DIRECT", "appendContextParam": True},
    )
    assert bare["passwordProtected"] is True


def test_a_link_can_be_written_back_though_it_was_clicked_meanwhile(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.link("offer", maxClicks=10)
    seen = client.get(f"{LINKS}/offer", by=cast.owner).json()
    funnel.click(slug="offer")
    assert client.put(f"{LINKS}/offer", seen, by=cast.owner).json()["usedClicks"] == 1
    refused(client.put(f"{LINKS}/offer", {**seen, "usedClicks": 5}, by=cast.owner), 400, "read_only_field")


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"destinationUrl": "http://127.0.0.1/"}, "invalid_destination_url", "/destinationUrl"),
        ({"destinationUrl": "https://a:b@shop.example/"}, "invalid_destination_url", "/destinationUrl"),
        ({"destinationUrl": f"http://127.0.0.1:8080/{HANDLE}/offer"}, "invalid_destination_url", "/destinationUrl"),
        ({"redirectType": 301}, "invalid_redirect_type", "/redirectType"),
        ({"maxClicks": 0}, "invalid_max_clicks", "/maxClicks"),
        ({"password": "x" * 129}, "invalid_password", "/password"),
        ({"title": "a\u0007b"}, "invalid_title", "/title"),
        ({"tags": ["a\u0007b"]}, "invalid_tags", "/tags/0"),
        ({"scheduledEndAt": "2026-10-01T00:00:00Z"}, "invalid_scheduled_end_at", "/scheduledEndAt"),
        ({"routingRules": [{"priority": 1, "when": {}, "destinationUrl": "ftp://x"}]}, "invalid_destination_url",
         "/routingRules/0/destinationUrl"),
        ({"routingRules": [{"priority": 1, "when": {"deviceIn": ["FRIDGE"]}, "destinationUrl": SHOP}]},
         "invalid_device_in", "/routingRules/0/when/deviceIn/0"),
        ({"colour": "red"}, "unknown_field", "/colour"),
        ({"slug": "other"}, "read_only_field", "/slug"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named(client: Client, cast: Cast, fields: dict[str, Any], code: str, pointer: str) -> None:
    client.put(f"{LINKS}/offer", WHOLE, by=cast.owner)
    document = refused(client.put(f"{LINKS}/offer", {**WHOLE, **fields}, by=cast.owner), 400, code)
    assert pointer in [fault["pointer"] for fault in document["errors"]]


@pytest.mark.parametrize("slug", ["abc", "a" * 25, "🙂🙂🙂🙂", "a.b.c.d"])
def test_a_slug_that_cannot_be_is_refused(client: Client, cast: Cast, slug: str) -> None:
    refused(client.put(f"{LINKS}/{slug}", {"destinationUrl": SHOP}, by=cast.owner), 400, "invalid_slug")


def test_a_link_of_a_campaign_that_is_not_there_is_refused(client: Client, cast: Cast) -> None:
    told = {"destinationUrl": SHOP, "campaignId": "nowhere"}
    refused(client.put(f"{LINKS}/offer", told, by=cast.owner), 404, "campaign_not_found")


def test_a_link_that_is_not_there(client: Client, cast: Cast) -> None:
    refused(client.get(f"{LINKS}/nothing", by=cast.owner), 404, "not_found")
    refused(client.delete(f"{LINKS}/nothing", by=cast.owner), 404, "not_found")
    told = {"destinationUrl": SHOP}
    answer = client.put(f"{LINKS}/nothing", told, by=cast.owner, headers={"If-Match": '"1"'})
    refused(answer, 412, "precondition_failed")


def test_a_primary_link_is_neither_deleted_nor_given_away(funnel: Funnel, client: Client, cast: Cast) -> None:
    shown = funnel.campaign()
    link = client.get(f"{LINKS}/buy-now", by=cast.owner).json()
    refused(client.delete(f"{LINKS}/buy-now", by=cast.owner), 409, "link_in_use")
    refused(client.put(f"{LINKS}/buy-now", {**link, "campaignId": None}, by=cast.owner), 409, "link_in_use")
    funnel.link("other", campaignId=CAMPAIGN)
    assert funnel.change(primarySlug="other")["version"] == shown["version"] + 1
    assert client.delete(f"{LINKS}/buy-now", by=cast.owner).status_code == 204


def test_another_address_of_the_primary_link_begins_an_epoch_once_somebody_entered(
    funnel: Funnel, client: Client, cast: Cast
) -> None:
    funnel.campaign()
    path = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}"
    funnel.link("buy-now", campaignId=CAMPAIGN, destinationUrl=f"{SHOP}/new")
    assert client.get(path, by=cast.owner).json()["epoch"] == 1
    funnel.click(person=1)
    funnel.link("buy-now", campaignId=CAMPAIGN, destinationUrl=f"{SHOP}/newer")
    assert client.get(path, by=cast.owner).json()["epoch"] == 2
    newest = client.get(f"{path}/history", by=cast.owner).json()["items"][0]
    assert newest["details"]["epoch"] == 2
    assert "buy-now" in newest["reason"]


def test_links_are_listed_newest_first_page_by_page_and_by_campaign(
    funnel: Funnel, client: Client, cast: Cast, clock: Any
) -> None:
    for slug in ("one1", "two2", "three"):
        clock.advance(1_000_000)
        funnel.link(slug)
    clock.advance(1_000_000)
    funnel.campaign()
    first = client.get(f"{LINKS}?limit=3", by=cast.owner).json()
    rest = client.get(f"{LINKS}?limit=3&cursor={first['nextCursor']}", by=cast.owner).json()
    assert [link["slug"] for link in first["items"] + rest["items"]] == ["buy-now", "three", "two2", "one1"]
    own = client.get(f"{LINKS}?campaignId={CAMPAIGN}", by=cast.owner).json()
    assert [link["slug"] for link in own["items"]] == ["buy-now"]


def test_tokens_have_the_same_links_at_the_public_address(client: Client, cast: Cast) -> None:
    writer, reader = cast.token("links.*"), cast.token("links.read")
    made = client.put(f"{PUBLIC}/offer", WHOLE, by=writer)
    assert made.status_code == 201, made.text
    assert client.get(f"{PUBLIC}/offer", by=reader).json() == client.get(f"{LINKS}/offer", by=cast.owner).json()
    assert [link["slug"] for link in client.get(PUBLIC, by=reader).json()["items"]] == ["offer"]
    refused(client.delete(f"{PUBLIC}/offer", by=reader), 403, "insufficient_scope")
    refused(client.get(f"{PUBLIC}/offer", by=cast.owner), 401, "invalid_token")
    refused(client.get(f"{PUBLIC}/offer"), 401, "missing_bearer_token")
    refused(client.get(f"{PUBLIC}/offer", by=cast.token("links.*", handle="elsewhere")), 404, "handle_not_found")
    assert client.delete(f"{PUBLIC}/offer", by=writer).status_code == 204


def test_what_is_read_only_and_what_is_wrong_are_told_at_once(client: Client, cast: Cast) -> None:
    client.put(f"{LINKS}/offer", WHOLE, by=cast.owner)
    wrong = {
        **WHOLE,
        "slug": "other",
        "destinationUrl": "https://10.0.0.1/",
        "scheduledEndAt": WHOLE["scheduledStartAt"],
        "campaignId": "none",
    }
    document = refused(client.put(f"{LINKS}/offer", wrong, by=cast.owner), 400, "invalid_payload")
    assert [fault["pointer"] for fault in document["errors"]] == ["/slug", "/destinationUrl", "/scheduledEndAt"]
