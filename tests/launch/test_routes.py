"""Moves, the gate and the ramp over HTTP."""

from typing import Any

import pytest

from cast import Cast, Client, refused
from launch.conftest import CAMPAIGNS, GUARDED

WHY = "the board wants it today"


def move(client: Client, campaign: str, to: str, *, by: Any, **more: Any) -> Any:
    return client.post(f"{campaign}/transitions", {"to": to, **more}, by=by)


def test_a_guarded_campaign_starts_once_every_variant_has_a_fresh_receipt(
    client: Client, cast: Cast, guarded: str
) -> None:
    closed = refused(move(client, guarded, "ACTIVE", by=cast.owner), 409, "not_ready")
    assert [entry["check"] for entry in closed["missing"]] == ["receipts"]
    client.post(f"{guarded}/test-conversion", {"variantId": "a"}, by=cast.owner)
    refused(move(client, guarded, "ACTIVE", by=cast.owner), 409, "not_ready")
    client.post(f"{guarded}/test-conversion", {"variantId": "b"}, by=cast.owner)
    assert move(client, guarded, "ACTIVE", by=cast.owner).json()["status"] == "ACTIVE"


def test_a_changed_destination_closes_the_gate_again(client: Client, cast: Cast, guarded: str) -> None:
    client.post(f"{guarded}/test-conversion", by=cast.owner)
    variants = [GUARDED["variants"][0], {**GUARDED["variants"][1], "destinationUrl": "https://shop.gharart.example/c"}]
    client.patch(guarded, {"variants": variants}, by=cast.owner)
    closed = refused(move(client, guarded, "ACTIVE", by=cast.owner), 409, "not_ready")
    assert closed["missing"][0]["check"] == "receipts"
    assert "destinationUrl" in str(closed["missing"][0])


def test_a_failing_check_closes_the_gate_and_is_named(client: Client, cast: Cast, guarded: str) -> None:
    client.post(f"{guarded}/test-conversion", by=cast.owner)
    link = client.get("/v2/handles/gharart/links/buy-now", by=cast.owner).json()
    client.put("/v2/handles/gharart/links/buy-now", {**link, "enabled": False}, by=cast.owner)
    closed = refused(move(client, guarded, "ACTIVE", by=cast.owner), 409, "not_ready")
    assert "primary_link" in [entry["check"] for entry in closed["missing"]]


def test_a_proven_campaign_asks_for_walks_as_well(client: Client, cast: Cast) -> None:
    client.post(CAMPAIGNS, {**GUARDED, "launchPolicy": "PROVEN"}, by=cast.owner)
    campaign = f"{CAMPAIGNS}/new-buyer-funnel"
    client.post(f"{campaign}/test-conversion", by=cast.owner)
    closed = refused(move(client, campaign, "ACTIVE", by=cast.owner), 409, "not_ready")
    assert [entry["check"] for entry in closed["missing"]] == ["walks"]


def test_an_operator_may_override_with_a_reason_that_history_keeps(client: Client, cast: Cast, guarded: str) -> None:
    refused(move(client, guarded, "ACTIVE", by=cast.teammate, override=True, reason=WHY), 403, "insufficient_role")
    token = cast.token("campaigns.*", maker=cast.owner)
    refused(move(client, guarded, "ACTIVE", by=token, override=True, reason=WHY), 403, "insufficient_role")
    for reason in ({}, {"reason": " "}):
        refused(move(client, guarded, "ACTIVE", by=cast.operator, override=True, **reason), 400, "invalid_reason")
    assert move(client, guarded, "ACTIVE", by=cast.operator, override=True, reason=WHY).status_code == 200
    newest = client.get(f"{guarded}/history", by=cast.teammate).json()["items"][0]
    assert (newest["act"], newest["fromStatus"], newest["toStatus"]) == ("moved", "DRAFT", "ACTIVE")
    assert (newest["actor"], newest["reason"]) == (f"user:{cast.operator.user_id}", WHY)
    assert newest["details"] == {"overridden": True}
    assert (newest["health"], len(newest["configDigest"])) == ("UNKNOWN", 64)


@pytest.mark.parametrize(
    ("moves", "illegal", "legal"),
    [
        ([], "PAUSED", ["ACTIVE"]),
        ([], "COMPLETED", ["ACTIVE"]),
        (["ACTIVE"], "DRAFT", ["PAUSED", "COMPLETED"]),
        (["ACTIVE"], "ACTIVE", ["PAUSED", "COMPLETED"]),
        (["ACTIVE", "PAUSED"], "PAUSED", ["ACTIVE", "DRAFT", "COMPLETED"]),
        (["ACTIVE", "COMPLETED"], "ACTIVE", []),
    ],
)
def test_an_illegal_move_lists_the_legal_ones(
    client: Client, cast: Cast, moves: list[str], illegal: str, legal: list[str]
) -> None:
    client.post(CAMPAIGNS, {**GUARDED, "launchPolicy": "OPEN"}, by=cast.owner)
    campaign = f"{CAMPAIGNS}/new-buyer-funnel"
    for to in moves:
        assert move(client, campaign, to, by=cast.teammate).status_code == 200
    document = refused(move(client, campaign, illegal, by=cast.teammate), 409, "illegal_transition")
    assert document["legal"] == legal


def test_raising_the_ramp_passes_through_the_gate_and_lowering_does_not(
    client: Client, cast: Cast, guarded: str
) -> None:
    lowered = client.post(f"{guarded}/ramp", {"rampPercent": 5}, by=cast.teammate)
    assert (lowered.status_code, lowered.json()["rampPercent"], lowered.json()["phase"]) == (200, 5, 2)
    refused(client.post(f"{guarded}/ramp", {"rampPercent": 25}, by=cast.teammate), 409, "not_ready")
    client.post(f"{guarded}/test-conversion", by=cast.teammate)
    assert client.post(f"{guarded}/ramp", {"rampPercent": 25}, by=cast.teammate).json()["rampPercent"] == 25


def test_a_ramp_that_leaves_a_variant_out_of_reach_names_the_smallest_that_works(client: Client, cast: Cast) -> None:
    variants = [{"variantId": "a", "weight": 999}, {"variantId": "b", "weight": 1}]
    client.post(CAMPAIGNS, {**GUARDED, "launchPolicy": "OPEN", "variants": variants}, by=cast.owner)
    answer = client.post(f"{CAMPAIGNS}/new-buyer-funnel/ramp", {"rampPercent": 1}, by=cast.owner)
    document = refused(answer, 400, "invalid_ramp_percent")
    assert "10 %" in document["detail"]


@pytest.mark.parametrize("body", [{"to": "GONE"}, {}, {"to": "ACTIVE", "why": 1}, {"to": "ACTIVE", "reason": ""}])
def test_a_move_of_bad_shape_is_refused(client: Client, cast: Cast, guarded: str, body: dict[str, Any]) -> None:
    assert client.post(f"{guarded}/transitions", body, by=cast.owner).status_code == 400


def test_who_may_move(client: Client, cast: Cast, guarded: str) -> None:
    refused(move(client, guarded, "ACTIVE", by=cast.visitor), 401, "missing_bearer_token")
    refused(move(client, guarded, "ACTIVE", by=cast.token("campaigns.read")), 403, "insufficient_scope")
    refused(move(client, guarded, "ACTIVE", by=cast.stranger), 404, "handle_not_found")
    refused(move(client, f"{CAMPAIGNS}/none-such", "ACTIVE", by=cast.owner), 404, "campaign_not_found")
