"""The test conversion over HTTP, and what it leaves."""

from typing import Any

import pytest
from sqlalchemy import func, select

from cast import HANDLE, Actor, Cast, Client, make_cast, refused
from conftest import MakeInstallation
from funnelproof.app import Application
from funnelproof.clock import HOUR, SetClock
from funnelproof.installation import Installation
from funnelproof.proofs.receipt import STEPS
from funnelproof.storage.schema import metadata
from proofs.conftest import CAMPAIGN, CAMPAIGNS, NEW_CAMPAIGN

TEST = f"{CAMPAIGN}/test-conversion"
LINK = f"/v2/handles/{HANDLE}/links/buy-now"
NOT_YET = {"page_ready", "webhook_signed"}


def steps_of(receipt: dict[str, Any], variant_id: str) -> dict[str, dict[str, Any]]:
    own = next(variant for variant in receipt["variants"] if variant["variantId"] == variant_id)
    return {step["id"]: step for step in own["steps"]}


def live_rows(home: Installation) -> dict[str, int]:
    tables = [table for table in metadata.sorted_tables if "world" in table.columns and table.name != "phases"]
    return home.database.read_now(
        lambda tx: {
            table.name: tx.execute(select(func.count()).select_from(table).where(table.c.world == "live")).scalar_one()
            for table in tables
        }
    )


def test_every_variant_gets_a_receipt_in_which_all_steps_pass(client: Client, tester: Actor, campaign: str) -> None:
    answer = client.post(f"{campaign}/test-conversion", by=tester)
    receipt = answer.json()
    assert (answer.status_code, receipt["verdict"], receipt["fresh"]) == (201, "PASS", True)
    assert answer.headers["location"] == f"{campaign}/test-runs/{receipt['runId']}"
    assert [variant["variantId"] for variant in receipt["variants"]] == ["a", "b"]
    for variant_id in ("a", "b"):
        steps = steps_of(receipt, variant_id)
        assert list(steps) == [id_ for id_ in STEPS if id_ != "ctx_valid"]
        assert {id_ for id_, step in steps.items() if step["status"] == "SKIPPED"} == NOT_YET
        assert all(step["status"] == "PASS" for id_, step in steps.items() if id_ not in NOT_YET)


def test_a_test_conversion_moves_no_live_row_or_counter(
    client: Client, tester: Actor, campaign: str, installation: Installation
) -> None:
    before = live_rows(installation)
    client.post(f"{campaign}/test-conversion", by=tester)
    assert live_rows(installation) == before


def test_the_same_configuration_and_seed_give_the_same_fingerprint_on_both_engines_on_any_day(
    make_installation: MakeInstallation, clock: SetClock
) -> None:
    prints = set()
    for kind in ("sqlite", "postgresql"):
        home = make_installation(kind)
        tester = make_cast(home).token("campaigns.*")
        with Client(Application(home)) as client:
            client.post(CAMPAIGNS, NEW_CAMPAIGN, by=tester)
            prints.add(client.post(TEST, by=tester).json()["fingerprint"])
            clock.advance(26 * HOUR)
            prints.add(client.post(TEST, by=tester).json()["fingerprint"])
    assert len(prints) == 1


def test_another_seed_uses_other_keys(client: Client, tester: Actor, campaign: str) -> None:
    first = client.post(f"{campaign}/test-conversion", {"seed": 1}, by=tester).json()
    other = client.post(f"{campaign}/test-conversion", {"seed": 2}, by=tester).json()
    assert (first["seed"], other["seed"]) == ("1", "2")
    assert first["verdict"] == other["verdict"] == "PASS"


def test_one_variant_alone_can_be_tested(client: Client, tester: Actor, campaign: str) -> None:
    receipt = client.post(f"{campaign}/test-conversion", {"variantId": "b", "value": "12.5"}, by=tester).json()
    assert [variant["variantId"] for variant in receipt["variants"]] == ["b"]
    assert steps_of(receipt, "b")["conversion_recorded"]["observed"]["value"] == "12.50"


def test_a_receipt_goes_stale_by_what_changed(client: Client, tester: Actor, campaign: str) -> None:
    run_id = client.post(f"{campaign}/test-conversion", by=tester).json()["runId"]
    variants = [
        NEW_CAMPAIGN["variants"][0],
        {**NEW_CAMPAIGN["variants"][1], "destinationUrl": "https://shop.gharart.example/c"},
    ]
    assert client.patch(campaign, {"variants": variants}, by=tester).status_code == 200
    stale = client.get(f"{campaign}/test-runs/{run_id}", by=tester).json()
    assert (stale["fresh"], stale["changedSince"]) == (False, ["/variants/b/destinationUrl"])
    before, now = (f"https://shop.gharart.example/{path}" for path in "bc")
    assert stale["changes"] == [{"pointer": "/variants/b/destinationUrl", "before": before, "now": now}]


def test_a_receipt_that_is_fresh_tells_of_no_change(client: Client, tester: Actor, campaign: str) -> None:
    receipt = client.post(f"{campaign}/test-conversion", by=tester).json()
    assert (receipt["fresh"], receipt["changedSince"], receipt["changes"]) == (True, [], [])


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Another name"},
        {"startsAt": "2027-01-01T00:00:00Z"},
        {
            "variants": [
                {"variantId": "a", "weight": 10, "name": "first"},
                {"variantId": "b", "weight": 90, "destinationUrl": "https://shop.gharart.example/b"},
            ]
        },
    ],
    ids=["name", "time", "weights and names"],
)
def test_names_weights_and_times_keep_a_receipt_fresh(
    client: Client, tester: Actor, campaign: str, change: dict[str, Any]
) -> None:
    run_id = client.post(f"{campaign}/test-conversion", by=tester).json()["runId"]
    assert client.patch(campaign, change, by=tester).status_code == 200
    assert client.get(f"{campaign}/test-runs/{run_id}", by=tester).json()["fresh"] is True


def test_a_receipt_goes_stale_with_age(client: Client, tester: Actor, campaign: str, clock: SetClock) -> None:
    run_id = client.post(f"{campaign}/test-conversion", by=tester).json()["runId"]
    clock.advance(168 * HOUR)
    assert client.get(f"{campaign}/test-runs/{run_id}", by=tester).json()["fresh"] is True
    clock.advance(HOUR)
    assert client.get(f"{campaign}/test-runs/{run_id}", by=tester).json()["fresh"] is False


def test_a_link_that_is_off_fails_the_receipt_and_the_other_steps_still_run(
    client: Client, tester: Actor, campaign: str
) -> None:
    link = client.get(LINK, by=tester).json()
    client.put(LINK, {**link, "enabled": False, "version": link["version"]}, by=tester)
    receipt = client.post(f"{campaign}/test-conversion", by=tester).json()
    steps = steps_of(receipt, "a")
    assert receipt["verdict"] == "FAIL"
    assert steps["link_resolves"]["status"] == "FAIL"
    assert steps["link_resolves"]["observed"]["status"] == 404
    assert steps["conversion_recorded"]["status"] == "SKIPPED"
    assert steps["live_untouched"]["status"] == "PASS"


def test_a_link_without_ctx_fails_the_receipt(client: Client, tester: Actor, campaign: str) -> None:
    link = client.get(LINK, by=tester).json()
    link["trackingPolicy"] = {"mode": "DIRECT", "appendContextParam": False}
    client.put(LINK, link, by=tester)
    steps = steps_of(client.post(f"{campaign}/test-conversion", by=tester).json(), "b")
    assert steps["ctx_minted"]["status"] == "FAIL"


def test_a_short_ctx_life_fails_ctx_fresh(client: Client, tester: Actor, campaign: str) -> None:
    client.patch(campaign, {"ctxTtlSeconds": 3600}, by=tester)
    steps = steps_of(client.post(f"{campaign}/test-conversion", by=tester).json(), "a")
    assert steps["ctx_fresh"]["status"] == "FAIL"
    assert steps["ctx_fresh"]["observed"] == {"livesSeconds": 3600}


def test_another_event_than_the_goal_fails_and_opens_no_gate(client: Client, tester: Actor, campaign: str) -> None:
    receipt = client.post(f"{campaign}/test-conversion", {"eventType": "lead"}, by=tester).json()
    assert (receipt["verdict"], receipt["opensGate"]) == ("FAIL", False)
    assert steps_of(receipt, "a")["conversion_recorded"]["observed"]["disposition"] == "OTHER_EVENT"


@pytest.mark.parametrize(
    "campaign_change",
    [
        {"countingRule": "ONCE_PER_VISITOR"},
        {"countingRule": "ONCE_PER_CLICK"},
        {"maxPerClick": 0},
        {"maxValue": "10.00"},
        {"trustedConversions": True},
        {"attributionWindowDays": 365},
        {"launchPolicy": "GUARDED"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_the_rules_a_healthy_campaign_passes(
    client: Client, tester: Actor, campaign: str, campaign_change: dict[str, Any]
) -> None:
    assert client.patch(campaign, campaign_change, by=tester).status_code == 200
    receipt = client.post(f"{campaign}/test-conversion", by=tester).json()
    assert receipt["verdict"] == "PASS", receipt


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_currencies_without_and_with_three_decimals_pass(client: Client, tester: Actor, currency: str) -> None:
    client.post(CAMPAIGNS, {**NEW_CAMPAIGN, "currency": currency}, by=tester)
    assert client.post(TEST, by=tester).json()["verdict"] == "PASS"


def test_a_campaign_without_variants_is_tested_as_itself(client: Client, tester: Actor) -> None:
    client.post(CAMPAIGNS, {**NEW_CAMPAIGN, "variants": []}, by=tester)
    receipt = client.post(TEST, by=tester).json()
    assert [(variant["variantId"], variant["verdict"]) for variant in receipt["variants"]] == [(None, "PASS")]


def test_password_and_max_clicks_are_reported_not_asked_for_or_used_up(
    client: Client, tester: Actor, campaign: str
) -> None:
    link = client.get(LINK, by=tester).json()
    client.put(LINK, {**link, "maxClicks": 1, "password": "open sesame", "version": link["version"]}, by=tester)
    receipt = client.post(f"{campaign}/test-conversion", by=tester).json()
    evidence = steps_of(receipt, "a")["link_resolves"]["evidence"]
    assert receipt["verdict"] == "PASS"
    assert evidence["password"] == "not asked for in a run"
    assert evidence["maxClicks"] == "0 of 1 used; not used up by a run"
    assert client.get(LINK, by=tester).json()["usedClicks"] == 0


def test_a_bridge_page_leads_on_as_a_redirect_does(client: Client, tester: Actor, campaign: str) -> None:
    link = client.get(LINK, by=tester).json()
    link["trackingPolicy"] = {"mode": "BRIDGE", "appendContextParam": True}
    assert client.put(LINK, link, by=tester).status_code == 200
    receipt = client.post(f"{campaign}/test-conversion", by=tester).json()
    assert receipt["verdict"] == "PASS", receipt


def test_an_end_in_the_past_does_not_keep_a_run_from_testing(client: Client, tester: Actor, campaign: str) -> None:
    dates = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2021-01-01T00:00:00Z"}
    assert client.patch(campaign, dates, by=tester).status_code == 200
    assert client.post(f"{campaign}/test-conversion", by=tester).json()["verdict"] == "PASS"


def test_without_a_primary_link_there_is_nothing_to_test(client: Client, tester: Actor) -> None:
    bare = {name: value for name, value in NEW_CAMPAIGN.items() if name != "primaryLink"}
    client.post(CAMPAIGNS, bare, by=tester)
    refused(client.post(TEST, by=tester), 409, "no_primary_link")


def test_a_ctx_that_is_given_is_judged_alone_and_opens_no_gate(client: Client, tester: Actor, campaign: str) -> None:
    location = client.get("/gharart/buy-now").headers["location"]
    receipt = client.post(f"{campaign}/test-conversion", {"ctx": location.rpartition("ctx=")[2]}, by=tester).json()
    (variant,) = receipt["variants"]
    assert (receipt["verdict"], receipt["opensGate"], variant["verdict"]) == ("PASS", False, "PASS")
    assert {step["id"] for step in variant["steps"] if step["status"] == "PASS"} == {"ctx_valid"}


def test_a_given_ctx_that_cannot_be_used_tells_its_reason(
    client: Client, tester: Actor, campaign: str, clock: SetClock
) -> None:
    ctx = client.get("/gharart/buy-now").headers["location"].rpartition("ctx=")[2]
    clock.advance(40 * 24 * HOUR)
    document = refused(client.post(f"{campaign}/test-conversion", {"ctx": ctx}, by=tester), 400, "invalid_ctx")
    assert document["reason"] == "expired"
    garbage = refused(client.post(f"{campaign}/test-conversion", {"ctx": "nonsense"}, by=tester), 400, "invalid_ctx")
    assert garbage["reason"] == "malformed"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"variantId": "c"}, "invalid_variant_id"),
        ({"value": "1e3"}, "invalid_value"),
        ({"value": "1.234"}, "invalid_value"),
        ({"currency": "XXX"}, "invalid_currency"),
        ({"seed": "no spaces please"}, "invalid_seed"),
        ({"what": 1}, "unknown_field"),
    ],
)
def test_a_bad_request_is_refused_and_leaves_no_run(
    client: Client, tester: Actor, campaign: str, body: dict[str, Any], code: str
) -> None:
    refused(client.post(f"{campaign}/test-conversion", body, by=tester), 400, code)
    assert client.get(f"{campaign}/test-runs", by=tester).json()["items"] == []


def test_who_may_test(client: Client, cast: Cast, campaign: str) -> None:
    refused(client.post(f"{campaign}/test-conversion"), 401, "missing_bearer_token")
    refused(client.post(f"{campaign}/test-conversion", by=cast.token("campaigns.read")), 403, "insufficient_scope")
    refused(client.post(f"{campaign}/test-conversion", by=cast.stranger), 404, "handle_not_found")
    refused(client.post(f"{CAMPAIGNS}/none-such/test-conversion", by=cast.owner), 404, "campaign_not_found")
    assert client.post(f"{campaign}/test-conversion", by=cast.teammate).status_code == 201
