"""A handle's tag policy over HTTP, and the gate that asks it."""

from typing import Any

import pytest

from cast import HANDLE, OTHER_HANDLE, Cast, Client, refused
from launch.conftest import CAMPAIGN, CAMPAIGNS, GUARDED

POLICY = f"/v2/handles/{HANDLE}/tag-policy"
LOWER = {"tags": {"utm_campaign": {"case": "LOWER"}}}
SHOUTED = {"slug": "buy-now", "destinationUrl": "https://shop.gharart.example/a", "tracking": {"utmCampaign": "SALE"}}


def test_a_handle_begins_with_the_default_and_writes_its_own(client: Client, cast: Cast) -> None:
    first = client.get(POLICY, by=cast.teammate)
    assert (first.headers["etag"], first.json()["version"], first.json()["forbidden"]) == ('"0"', 0, ["EMAIL", "PHONE"])
    assert first.json()["required"] == ["utm_source", "utm_medium", "utm_campaign"]
    made = client.put(POLICY, LOWER, by=cast.operator, headers={"If-Match": '"0"'})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert client.get(POLICY, by=cast.teammate).json() == made.json()
    refused(client.put(POLICY, {}, by=cast.operator, headers={"If-Match": '"0"'}), 412, "precondition_failed")
    again = client.put(POLICY, LOWER, by=cast.operator)
    assert again.json()["version"] == 1
    changed = client.put(POLICY, {"required": []}, by=cast.operator, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"], changed.json()["tags"]) == (200, 2, {})


def test_only_who_may_reads_and_writes(client: Client, cast: Cast) -> None:
    refused(client.get(POLICY), 401, "missing_bearer_token")
    refused(client.put(POLICY, LOWER, by=cast.teammate), 403, "insufficient_role")
    refused(client.put(POLICY, LOWER, by=cast.token("campaigns.read")), 403, "insufficient_scope")
    refused(client.put(POLICY, LOWER, by=cast.stranger), 404, "handle_not_found")
    assert client.put(POLICY, LOWER, by=cast.token("campaigns.write")).status_code == 201
    other = client.get(f"/v2/handles/{OTHER_HANDLE}/tag-policy", by=cast.stranger).json()
    assert (other["version"], other["tags"]) == (0, {})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"tags": {"utm_term": {"pattern": "("}}}, "/tags/utm_term/pattern"),
        ({"tags": {"utm_term": {"case": "TITLE"}}}, "/tags/utm_term/case"),
        ({"forbidden": ["SHOE_SIZE"]}, "/forbidden/0"),
        ({"required": ["no tag"]}, "/required/0"),
    ],
)
def test_a_policy_in_a_bad_shape_is_refused(client: Client, cast: Cast, body: dict[str, Any], pointer: str) -> None:
    answer = client.put(POLICY, body, by=cast.owner)
    assert answer.status_code == 400, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def start(client: Client, cast: Cast) -> Any:
    return client.post(f"{CAMPAIGN}/transitions", {"to": "ACTIVE"}, by=cast.owner)


def test_links_that_break_the_policy_keep_the_gate_closed(client: Client, cast: Cast) -> None:
    client.put(POLICY, LOWER, by=cast.owner)
    client.post(CAMPAIGNS, GUARDED, by=cast.owner)
    link = f"/v2/handles/{HANDLE}/links/buy-now"
    body = {**SHOUTED, "campaignId": "new-buyer-funnel"}
    body.pop("slug")
    assert client.put(link, body, by=cast.owner).status_code == 200
    assert client.post(f"{CAMPAIGN}/test-conversion", by=cast.owner).status_code == 201
    (missing,) = refused(start(client, cast), 409, "not_ready")["missing"]
    ramp = client.get(f"{CAMPAIGN}/health", by=cast.owner).json()["spendRamp"]
    assert (ramp["ready"], [blocker["check"] for blocker in ramp["blockers"]]) == (False, ["tag_policy"])
    (broken,) = missing["evidence"]["links"]
    assert (missing["check"], broken["slug"], broken["tag"], broken["fix"]) == (
        "tag_policy",
        "buy-now",
        "utm_campaign",
        "write sale",
    )
    own = client.patch(CAMPAIGN, {"tagPolicy": {"required": [], "tags": {}}}, by=cast.owner)
    assert own.json()["tagPolicy"]["required"] == []
    client.post(f"{CAMPAIGN}/test-conversion", by=cast.owner)
    assert start(client, cast).status_code == 200


def test_a_change_of_the_policy_in_force_makes_receipts_stale(client: Client, cast: Cast) -> None:
    client.post(CAMPAIGNS, GUARDED, by=cast.owner)
    run = client.post(f"{CAMPAIGN}/test-conversion", by=cast.owner).json()["runId"]
    path = f"{CAMPAIGN}/test-runs/{run}"
    assert client.get(path, by=cast.owner).json()["fresh"] is True
    client.put(POLICY, LOWER, by=cast.owner)
    told = client.get(path, by=cast.owner).json()
    assert (told["fresh"], {pointer.split("/")[1] for pointer in told["changedSince"]}) == (False, {"tagPolicy"})
