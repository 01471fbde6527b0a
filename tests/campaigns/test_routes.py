"""Campaigns over HTTP: created whole, read and written back, changed by their rules, deleted only if never active."""

from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client, refused
from funnel import CAMPAIGN, NEW_CAMPAIGN, SHOP, Funnel
from funnelproof.clock import DAY, SetClock, iso

CAMPAIGNS = f"/v2/handles/{HANDLE}/campaigns"
ONE = f"{CAMPAIGNS}/{CAMPAIGN}"


def body(**fields: Any) -> dict[str, Any]:
    return {**NEW_CAMPAIGN, **fields}


def pointers(document: dict[str, Any]) -> list[str]:
    return [fault["pointer"] for fault in document["errors"]]


def test_a_campaign_is_created_with_its_link_and_all_defaults(client: Client, cast: Cast) -> None:
    made = client.post(CAMPAIGNS, body(currency=None), by=cast.teammate)
    shown = made.json()
    assert (made.status_code, made.headers["location"], made.headers["etag"]) == (201, ONE, '"1"')
    assert (shown["eventType"], shown["countingRule"], shown["currency"]) == ("purchase", "EVERY", "EUR")
    assert (shown["attributionWindowDays"], shown["ctxTtlSeconds"], shown["maxPerClick"]) == (30, 31 * 86_400, 100)
    assert [(own["variantId"], own["number"], own["control"]) for own in shown["variants"]] == [
        ("a", 1, True),
        ("b", 2, False),
    ]
    link = client.get(f"/v2/handles/{HANDLE}/links/buy-now", by=cast.teammate).json()
    assert (link["campaignId"], link["destinationUrl"]) == (CAMPAIGN, f"{SHOP}/a")


@pytest.mark.parametrize(
    ("goal", "preset", "event", "rule"),
    [
        ("PRODUCT_SALE", "ga4_purchase", "purchase", "EVERY"),
        ("LEAD_CAPTURE", "ga4_lead", "lead", "ONCE_PER_VISITOR"),
        ("NEWSLETTER", "ga4_sign_up", "newsletter_signup", "ONCE_PER_VISITOR"),
        ("AFFILIATE_CLICKOUT", "custom_webhook", "affiliate_click", "EVERY"),
        ("APP_INSTALL", "ga4_app_install", "app_install", "ONCE_PER_VISITOR"),
    ],
)
def test_the_goal_decides_preset_event_and_counting_rule(
    funnel: Funnel, goal: str, preset: str, event: str, rule: str
) -> None:
    made = funnel.campaign(goalType=goal)
    assert (made["trackingPreset"], made["eventType"], made["countingRule"]) == (preset, event, rule)


def test_an_id_is_never_given_twice_not_even_after_deletion(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign(status="DRAFT")
    refused(client.post(CAMPAIGNS, body(), by=cast.owner), 409, "campaign_exists")
    assert client.delete(ONE, by=cast.owner).status_code == 204
    refused(client.get(ONE, by=cast.owner), 404, "campaign_not_found")
    other_link = {"slug": "other", "destinationUrl": SHOP}
    refused(client.post(CAMPAIGNS, body(primaryLink=other_link), by=cast.owner), 409, "campaign_exists")


def test_the_links_of_a_deleted_campaign_stay_without_it(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign(status="DRAFT")
    client.delete(ONE, by=cast.owner)
    assert client.get(f"/v2/handles/{HANDLE}/links/buy-now", by=cast.owner).json()["campaignId"] is None
    assert funnel.click().path == "/a"


def test_a_campaign_that_was_active_is_kept(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    funnel.move("PAUSED")
    refused(client.delete(ONE, by=cast.owner), 409, "campaign_kept")


def test_all_that_is_wrong_is_told_at_once(client: Client, cast: Cast) -> None:
    wrong = body(
        status="PAUSED",
        startsAt="2026-12-02T00:00:00Z",
        endsAt="2026-12-01T00:00:00Z",
        primaryLink={"slug": "buy-now", "destinationUrl": "http://10.0.0.1/"},
        variants=[
            {"variantId": "a", "weight": 0, "control": True},
            {"variantId": "b", "weight": 0, "control": True, "destinationUrl": "javascript:alert(1)"},
        ],
    )
    document = refused(client.post(CAMPAIGNS, wrong, by=cast.owner), 400, "invalid_payload")
    assert pointers(document) == [
        "/status",
        "/variants/1/destinationUrl",
        "/endsAt",
        "/variants",
        "/variants",
        "/primaryLink/destinationUrl",
    ]
    assert client.get(ONE, by=cast.owner).status_code == 404


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"campaignId": "No Blanks"}, "invalid_campaign_id", "/campaignId"),
        ({"goalType": "SALE"}, "invalid_goal_type", "/goalType"),
        ({"currency": "EURO"}, "invalid_currency", "/currency"),
        ({"currency": "XXX"}, "invalid_currency", "/currency"),
        ({"name": ""}, "invalid_name", "/name"),
        ({"rampPercent": 101}, "invalid_ramp_percent", "/rampPercent"),
        ({"attributionWindowDays": 366}, "invalid_attribution_window_days", "/attributionWindowDays"),
        ({"ctxTtlSeconds": 59}, "invalid_ctx_ttl_seconds", "/ctxTtlSeconds"),
        ({"decisionWindowDays": 8, "attributionWindowDays": 7}, "invalid_decision_window_days", "/decisionWindowDays"),
        ({"maxValue": "1e3"}, "invalid_max_value", "/maxValue"),
        ({"maxValue": "1.999"}, "invalid_max_value", "/maxValue"),
        ({"expectedRate": 1}, "invalid_expected_rate", "/expectedRate"),
        ({"colour": "red"}, "unknown_field", "/colour"),
        ({"primarySlug": "none"}, "invalid_primary_link", "/primaryLink"),
        ({"primaryLink": None, "primarySlug": "none"}, "invalid_primary_slug", "/primarySlug"),
        ({"primaryLink": {"slug": "🙂🙂🙂🙂", "destinationUrl": SHOP}}, "invalid_slug", "/primaryLink/slug"),
        ({"variants": [{"variantId": "A!", "weight": 1}]}, "invalid_variant_id", "/variants/0/variantId"),
        ({"variants": [{"variantId": "a", "weight": -1}]}, "invalid_weight", "/variants/0/weight"),
        ({"variants": [{"variantId": "a", "weight": 1}] * 2}, "invalid_variant_id", "/variants/1/variantId"),
        ({"variants": [{"variantId": "a", "weight": 1}, {"variantId": "b", "weight": 999}], "rampPercent": 5},
         "invalid_ramp_percent", "/rampPercent"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named(client: Client, cast: Cast, fields: dict[str, Any], code: str, pointer: str) -> None:
    document = refused(client.post(CAMPAIGNS, body(**fields), by=cast.owner), 400, code)
    assert pointer in pointers(document)
    assert all(fault["detail"] for fault in document["errors"])


def test_a_guarded_campaign_does_not_begin_active(client: Client, cast: Cast) -> None:
    document = refused(client.post(CAMPAIGNS, body(launchPolicy="GUARDED"), by=cast.owner), 409, "not_ready")
    assert document["missing"]


def test_a_slug_that_is_taken_creates_nothing(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.link("buy-now")
    refused(client.post(CAMPAIGNS, body(), by=cast.owner), 409, "slug_taken")
    assert client.get(ONE, by=cast.owner).status_code == 404
    made = funnel.campaign(primaryLink=None, primarySlug="buy-now")
    assert made["primarySlug"] == "buy-now"


def test_what_is_read_can_be_written_back_and_changes_nothing(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign(expectedRate=0.031, minimumLift=0.1, maxValue="250.00", embargoUntil="2026-12-24T00:00:00Z")
    read = client.get(ONE, by=cast.owner)
    again = client.patch(ONE, read.json(), by=cast.owner, headers={"If-Match": read.headers["etag"]})
    assert again.status_code == 200, again.text
    assert again.json() == read.json()
    assert len(client.get(f"{ONE}/history", by=cast.owner).json()["items"]) == 1


@pytest.mark.parametrize(
    "changed",
    [{"status": "PAUSED"}, {"rampPercent": 50}, {"campaignId": "other-id"}, {"currency": "EUR"}, {"version": 9},
     {"goalType": "NEWSLETTER"}, {"createdAt": "2026-01-01T00:00:00Z"}, {"epoch": 2}],
)  # fmt: skip
def test_what_is_read_only_is_not_changed_by_patch(funnel: Funnel, client: Client, cast: Cast, changed: Any) -> None:
    funnel.campaign()
    document = refused(client.patch(ONE, changed, by=cast.owner), 400, "read_only_field")
    assert pointers(document) == [f"/{name}" for name in changed]


def test_the_number_of_a_variant_is_read_only(funnel: Funnel, client: Client, cast: Cast) -> None:
    shown = funnel.campaign()["variants"]
    client.patch(ONE, {"variants": shown}, by=cast.owner)
    wrong = [shown[0], {**shown[1], "number": 9}]
    refused(client.patch(ONE, {"variants": wrong}, by=cast.owner), 400, "read_only_field")


def test_a_change_that_met_another_is_refused(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    seen = client.get(ONE, by=cast.owner).headers["etag"]
    funnel.change(name="Other")
    refused(
        client.patch(ONE, {"name": "Third"}, by=cast.teammate, headers={"If-Match": seen}), 412, "precondition_failed"
    )


def test_null_takes_a_field_back_to_its_default_and_the_ctx_life_follows_the_window(funnel: Funnel) -> None:
    funnel.campaign(eventType="order", maxPerClick=3, maxValue="10.00")
    changed = funnel.change(eventType=None, maxPerClick=None, maxValue=None, attributionWindowDays=3)
    assert (changed["eventType"], changed["maxPerClick"], changed["maxValue"]) == ("purchase", 100, None)
    assert (changed["ctxTtlSeconds"], changed["decisionWindowDays"]) == (4 * 86_400, 3)
    back = funnel.change(attributionWindowDays=None)
    assert (back["attributionWindowDays"], back["ctxTtlSeconds"], back["decisionWindowDays"]) == (30, 31 * 86_400, 7)


def test_a_life_that_was_set_stays_when_the_window_changes(funnel: Funnel) -> None:
    funnel.campaign(ctxTtlSeconds=3600)
    assert funnel.change(attributionWindowDays=7)["ctxTtlSeconds"] == 3600


def test_the_id_of_a_deleted_variant_is_never_given_again(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    a = {"variantId": "a", "weight": 1, "control": True}
    kept = funnel.change(variants=[a])
    more = funnel.change(variants=[a, {"variantId": "c", "weight": 1}])
    assert [own["number"] for own in kept["variants"] + more["variants"]] == [1, 1, 3]
    document = refused(
        client.patch(ONE, {"variants": [a, {"variantId": "b", "weight": 1}]}, by=cast.owner), 400, "invalid_variant_id"
    )
    assert "never given again" in document["detail"]


def test_a_variant_that_somebody_entered_is_switched_off_not_deleted(
    funnel: Funnel, client: Client, cast: Cast
) -> None:
    funnel.campaign()
    entered = {1: "a", 2: "b"}
    variants = {own["number"]: own for own in client.get(ONE, by=cast.owner).json()["variants"]}
    funnel.click(person=1)
    (row,) = funnel.rows("ledger")
    other = next(number for number in entered if number != row["variant"])
    left = [{**variants[other], "control": True}]
    refused(client.patch(ONE, {"variants": left}, by=cast.owner), 409, "variant_kept")
    off = [{**variants[row["variant"]], "enabled": False, "control": False}, *left]
    assert funnel.change(variants=off)["epoch"] >= 1


def test_after_the_first_entry_a_new_meaning_begins_an_epoch_and_new_weights_a_phase(funnel: Funnel) -> None:
    shown = funnel.campaign()
    a, b = shown["variants"]
    assert funnel.change(eventType="order")["epoch"] == 1
    funnel.click(person=1)
    weights = funnel.change(variants=[{**a, "weight": 10}, b])
    meaning = funnel.change(eventType="purchase")
    assert ((weights["epoch"], weights["phase"]), (meaning["epoch"], meaning["phase"])) == ((1, 2), (2, 1))
    assert [(row["epoch"], row["phase"]) for row in funnel.rows("phases")] == [(1, 1), (1, 2), (2, 1)]


def test_the_choice_about_the_cookieless_is_frozen_at_the_first_entry(
    funnel: Funnel, client: Client, cast: Cast
) -> None:
    funnel.campaign()
    funnel.change(includeCookieless=True)
    funnel.change(includeCookieless=False)
    funnel.click(person=1)
    document = refused(client.patch(ONE, {"includeCookieless": True}, by=cast.owner), 400, "invalid_include_cookieless")
    assert "frozen" in document["detail"]


@pytest.mark.parametrize(
    ("who", "reason", "status", "code"),
    [
        ("teammate", "because", 403, "insufficient_role"),
        ("token", "because", 403, "insufficient_role"),
        ("operator", None, 400, "invalid_reason"),
        ("operator", "because", 200, None),
    ],
)
def test_who_may_loosen_the_launch_policy(
    funnel: Funnel, client: Client, cast: Cast, who: str, reason: str | None, status: int, code: str | None
) -> None:
    funnel.campaign(launchPolicy="PROVEN", status="DRAFT")
    by: Actor = cast.token("campaigns.*") if who == "token" else getattr(cast, who)
    told = {"launchPolicy": "OPEN", **({"reason": reason} if reason else {})}
    answer = client.patch(ONE, told, by=by)
    assert answer.status_code == status, answer.text
    assert answer.json().get("error") == code
    assert client.patch(ONE, {"launchPolicy": "PROVEN"}, by=cast.teammate).status_code == 200


@pytest.mark.parametrize(
    ("who", "until", "reason", "code"),
    [
        ("operator", None, "because", "insufficient_role"),
        ("operator", 1, "because", "insufficient_role"),
        ("operator", 9, None, None),
        ("owner", None, None, "invalid_reason"),
        ("owner", None, "because", None),
    ],
)
def test_who_may_lift_an_embargo(
    funnel: Funnel,
    client: Client,
    cast: Cast,
    clock: SetClock,
    who: str,
    until: int | None,
    reason: str | None,
    code: Any,
) -> None:
    funnel.campaign(embargoUntil=iso(clock.now() + 5 * DAY))
    told = {"embargoUntil": iso(clock.now() + until * DAY) if until else None, "reason": reason}
    answer = client.patch(
        ONE, {name: value for name, value in told.items() if name != "reason" or value}, by=getattr(cast, who)
    )
    assert answer.json().get("error") == code, answer.text


def test_history_tells_what_was_done_by_whom_and_why_newest_first(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    funnel.change(name="Other", attributionWindowDays=7, reason="spring")
    funnel.move("PAUSED")
    first = client.get(f"{ONE}/history?limit=2", by=cast.teammate).json()
    rest = client.get(f"{ONE}/history?limit=2&cursor={first['nextCursor']}", by=cast.teammate).json()
    acts = first["items"] + rest["items"]
    assert [entry["act"] for entry in acts] == ["moved", "changed", "created"]
    assert acts[1]["details"]["changed"] == [
        "attribution_window_days",
        "ctx_ttl_seconds",
        "name",
    ]
    assert (acts[1]["reason"], acts[1]["actor"].partition(":")[0], acts[0]["toStatus"]) == (
        "spring",
        "token",
        "PAUSED",
    )
    assert rest["nextCursor"] is None


def test_ramping_to_where_it_stands_changes_nothing(funnel: Funnel) -> None:
    before = funnel.campaign(rampPercent=50)
    assert funnel.ramp(50) == before
    ramped = funnel.ramp(100)
    assert (ramped["rampPercent"], ramped["phase"], ramped["version"]) == (100, 2, 2)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", CAMPAIGNS, "campaigns.write"),
        ("GET", ONE, "campaigns.read"),
        ("PATCH", ONE, "campaigns.write"),
        ("DELETE", ONE, "campaigns.write"),
        ("GET", f"{ONE}/history", "campaigns.read"),
    ],
)
def test_who_may_not(funnel: Funnel, client: Client, cast: Cast, method: str, path: str, scope: str) -> None:
    funnel.campaign()
    refused(client.call(method, path), 401, "missing_bearer_token")
    refused(client.call(method, path, by=cast.stranger), 404, "handle_not_found")
    refused(client.call(method, path, by=cast.token("links.*")), 403, "insufficient_scope")
    refused(client.call(method, path, by=cast.token(scope, handle="elsewhere")), 404, "handle_not_found")
