"""Copying a campaign over HTTP: a new draft with the same settings, and links of its own."""

from typing import Any

import pytest

from cast import HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, SHOP, Funnel
from funnelproof.clock import DAY, SetClock, iso

ONE = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}"
COPIES = f"{ONE}/copies"
AGAIN = {"campaignId": "second-funnel"}
LEFT_BEHIND = {"campaignId", "primarySlug", "status", "createdAt", "updatedAt", "version", "epoch", "phase", "variants"}


def link_of(funnel: Funnel, slug: str) -> dict[str, Any]:
    answer = funnel.client.get(f"/v2/handles/{HANDLE}/links/{slug}", by=funnel.owner)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def copied(funnel: Funnel, **body: Any) -> dict[str, Any]:
    answer = funnel.client.post(COPIES, {**AGAIN, **body}, by=funnel.owner)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v2/handles/{HANDLE}/campaigns/{answer.json()['campaignId']}"
    return dict(answer.json())


def test_a_copy_is_a_draft_with_the_same_settings_plan_tags_and_variants(funnel: Funnel, clock: SetClock) -> None:
    source = funnel.campaign(
        expectedRate=0.04,
        minimumLift=0.1,
        decisionWindowDays=5,
        includeCookieless=True,
        embargoUntil=iso(clock.now() + DAY),
        tagPolicy={"required": ["utm_source"]},
        attributionWindowDays=14,
        maxValue="250.00",
    )
    made = copied(funnel)
    assert (made["status"], made["primarySlug"], made["version"]) == ("DRAFT", "buy-now-2", 1)
    assert {name for name in source if source[name] != made[name]} <= LEFT_BEHIND
    assert made["variants"] == source["variants"]


def test_a_copy_has_links_of_its_own_with_tags_rules_and_tracking(funnel: Funnel) -> None:
    funnel.campaign()
    rule = {"priority": 1, "when": {"countryIn": ["IN"]}, "destinationUrl": f"{SHOP}/in"}
    whole = {
        "campaignId": CAMPAIGN,
        "tags": ["mail"],
        "tracking": {"utmSource": "mail"},
        "routingRules": [rule],
        "title": "The mail",
        "redirectType": 307,
        "maxClicks": 3,
        "onStorageFailure": "LEAD_ON",
        "expiresAt": "2026-11-24T00:00:00Z",
    }
    source = funnel.link("from-mail", **whole)
    funnel.click(slug="from-mail")
    copied(funnel)
    made = link_of(funnel, "from-mail-2")
    differs = {name for name in source if source[name] != made[name]}
    assert differs <= {"slug", "url", "campaignId", "createdAt", "updatedAt", "expiresAt", "version", "usedClicks"}
    assert (made["campaignId"], made["usedClicks"], made["expiresAt"]) == ("second-funnel", 0, None)
    assert link_of(funnel, "buy-now-2")["destinationUrl"] == f"{SHOP}/a"


def test_links_are_named_where_they_are_told_to_be(funnel: Funnel) -> None:
    funnel.campaign()
    funnel.link("from-mail", campaignId=CAMPAIGN)
    made = copied(funnel, links=[{"from": "buy-now", "slug": "spring-sale"}], name="Spring")
    assert (made["primarySlug"], made["name"]) == ("spring-sale", "Spring")
    assert link_of(funnel, "from-mail-2")["campaignId"] == "second-funnel"
    assert funnel.click(slug="spring-sale").path == "/a"


def test_what_the_last_test_did_stays_with_it(funnel: Funnel, clock: SetClock) -> None:
    a, b = funnel.campaign(endsAt=iso(clock.now() + DAY))["variants"]
    funnel.change(variants=[b | {"control": True}])
    c = {"variantId": "c", "weight": 50, "destinationUrl": f"{SHOP}/c"}
    funnel.change(variants=[b | {"control": True}, c])
    funnel.click(person=1)
    funnel.ramp(50)
    decision = {"variantId": "c", "reason": "c it is."}
    assert funnel.client.post(f"{ONE}/decision", decision, by=funnel.cast.operator).status_code == 201
    made = copied(funnel)
    assert [(own["variantId"], own["number"]) for own in made["variants"]] == [("b", 1), ("c", 2)]
    assert (made["epoch"], made["phase"], made["rampPercent"], made["decidedVariantId"]) == (1, 1, 100, None)
    assert (made["endsAt"], a["variantId"]) == (None, "a")
    path = f"/v2/handles/{HANDLE}/campaigns/second-funnel"
    found = funnel.client.get(f"{path}/results", by=funnel.owner).json()
    assert (found["funnel"]["visitors"], found["decision"]) == (0, None)
    (entry,) = funnel.client.get(f"{path}/history", by=funnel.owner).json()["items"]
    assert (entry["act"], entry["toStatus"]) == ("created", "DRAFT")
    assert entry["details"] == {"copyOf": CAMPAIGN, "links": {"buy-now": "buy-now-2"}}
    funnel.move("ACTIVE", "second-funnel")
    assert funnel.click(slug="buy-now-2", person=2).path in ("/b", "/c")


def test_a_copy_of_a_copy(funnel: Funnel) -> None:
    funnel.campaign()
    copied(funnel)
    answer = funnel.client.post(COPIES.replace(CAMPAIGN, "second-funnel"), {"campaignId": "third"}, by=funnel.owner)
    assert answer.json()["primarySlug"] == "buy-now-2-2"


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({}, 400, "invalid_campaign_id", "required"),
        ({"campaignId": "No"}, 400, "invalid_campaign_id", "must match"),
        ({"campaignId": CAMPAIGN}, 409, "campaign_exists", "id"),
        ({**AGAIN, "links": [{"from": "none", "slug": "some"}]}, 400, "invalid_from", "no link 'none'"),
        ({**AGAIN, "links": [{"from": "buy-now", "slug": "x"}]}, 400, "invalid_slug", "must match"),
        ({**AGAIN, "links": [{"from": "buy-now", "slug": "mine"}] * 2}, 400, "invalid_from", "stands twice"),
        ({**AGAIN, "links": [{"from": "buy-now", "slug": "buy-now"}]}, 409, "slug_taken", "in `links`"),
        ({**AGAIN, "links": [{"from": "buy-now", "slug": "other-2"}]}, 400, "invalid_links", "two links"),
        ({**AGAIN, "status": "ACTIVE"}, 400, "unknown_field", ""),
    ],
)
def test_what_cannot_be_copied_so_is_refused_and_nothing_is_left(
    funnel: Funnel, body: dict[str, Any], status: int, code: str, says: str
) -> None:
    funnel.campaign()
    funnel.link("other", campaignId=CAMPAIGN)
    document = refused(funnel.client.post(COPIES, body, by=funnel.owner), status, code)
    assert says in document["detail"]
    assert [row["campaign_id"] for row in funnel.rows("campaigns")] == [CAMPAIGN]
    assert len(funnel.rows("links")) == 2


def test_a_slug_that_would_grow_too_long_asks_for_a_name(funnel: Funnel) -> None:
    longest = "a" * 23
    funnel.campaign(primaryLink={"slug": longest, "destinationUrl": SHOP})
    document = refused(funnel.client.post(COPIES, AGAIN, by=funnel.owner), 400, "invalid_links")
    assert "too long" in document["detail"]
    assert copied(funnel, links=[{"from": longest, "slug": "short"}])["primarySlug"] == "short"


def test_a_slug_that_is_taken_is_refused_and_nothing_is_left(funnel: Funnel) -> None:
    funnel.campaign()
    funnel.link("buy-now-2")
    refused(funnel.client.post(COPIES, AGAIN, by=funnel.owner), 409, "slug_taken")
    assert [row["campaign_id"] for row in funnel.rows("campaigns")] == [CAMPAIGN]


def test_a_guarded_campaign_gives_a_guarded_copy(funnel: Funnel) -> None:
    funnel.campaign(status="DRAFT", launchPolicy="GUARDED")
    assert copied(funnel)["launchPolicy"] == "GUARDED"
    answer = funnel.client.post(
        f"/v2/handles/{HANDLE}/campaigns/second-funnel/transitions", {"to": "ACTIVE"}, by=funnel.owner
    )
    refused(answer, 409, "not_ready")


def test_who_may_copy(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    refused(client.post(COPIES, AGAIN), 401, "missing_bearer_token")
    refused(client.post(COPIES, AGAIN, by=cast.token("campaigns.read")), 403, "insufficient_scope")
    refused(client.post(COPIES, AGAIN, by=cast.stranger), 404, "handle_not_found")
    refused(client.post(COPIES.replace(CAMPAIGN, "none"), AGAIN, by=cast.owner), 404, "campaign_not_found")
    assert client.post(COPIES, AGAIN, by=cast.teammate).status_code == 201
