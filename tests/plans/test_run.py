"""Running plans: what is seen and expected, what ends a run, and what two runs with one seed have in common."""

from typing import Any

import httpx2
import pytest

from cast import OTHER_HANDLE, Cast, Client
from funnel import Funnel
from funnelproof.plans.faults import UnusablePlan, UnusableServer
from funnelproof.plans.outcome import Outcome, SceneOutcome, Verdict
from funnelproof.plans.reports.repro import without_ids_and_times
from funnelproof.plans.run import run_plan
from plans.conftest import SCOPES, Prove, failures, prove_by, scenes, script_of

A_BUYER = ("visit: {visitor: ann, variant: b}", "convert: {value: 49.90, key: order-1}")


def test_a_buyer_is_seen_from_click_to_figures(prove: Prove) -> None:
    expected = "{clicks: 1, converters: 1, gross: 49.9, rows: {b: {visitors: 1}}}"
    outcome = prove(scenes(*A_BUYER, "{read: funnel by variant, expect: " + expected + "}"))
    assert (outcome.verdict, outcome.exit_status, failures(outcome)) == (Verdict.PASS, 0, [])
    assert [scene.verb for scene in outcome.scenes] == ["visit", "convert", "read", "finish"]
    assert outcome.receipt is not None
    assert outcome.receipt["state"] == "FINISHED"


def test_what_was_not_expected_fails_with_both_sides(prove: Prove) -> None:
    outcome = prove(scenes(*A_BUYER, "{read: funnel, expect: {conversions: at least 2, gross: 50}}"))
    assert (outcome.verdict, outcome.exit_status) == (Verdict.FAIL, 1)
    assert failures(outcome) == [(3, "conversions", "at least 2", 1), (3, "gross", 50, "49.90")]


def test_a_failure_does_not_stop_the_scenes_that_follow(prove: Prove) -> None:
    outcome = prove(scenes("{visit: {}, expect: {variant: none}}", "convert: {value: 10}"))
    assert [scene.verdict.value for scene in outcome.scenes] == ["FAIL", "PASS", "PASS"]


def test_whoever_watches_is_told_of_each_scene_as_it_ends(prove: Prove) -> None:
    seen: list[SceneOutcome] = []
    prove(scenes(*A_BUYER), watch=seen.append)
    assert [(scene.number, scene.verdict.value) for scene in seen] == [(1, "PASS"), (2, "PASS"), (3, "PASS")]


def test_two_runs_with_one_seed_are_the_same_but_for_ids_and_times(prove: Prove) -> None:
    plan = scenes(
        *A_BUYER, "replay:", "tamper:", "wait: 3 days", "visit: {visitors: 5}", "read: results", "read: health"
    )
    first, second = prove(plan), prove(plan)
    assert without_ids_and_times(first.as_object()) == without_ids_and_times(second.as_object())
    assert first.fingerprint == second.fingerprint
    assert first.run_id != second.run_id


def test_nothing_that_differs_stands_outside_of_the_evidence(prove: Prove) -> None:
    told = str(without_ids_and_times(prove(scenes(*A_BUYER, "read: conversion order-1")).as_object()))
    assert [mark for mark in ("run_", "clk_", "cnv_", "req_", "2026-") if mark in told] == []


def test_no_report_holds_a_ctx_or_the_token(prove: Prove, funnel: Funnel) -> None:
    told = str(prove(scenes(*A_BUYER, "tamper:", "read: ctx of ann")).as_object())
    assert str(funnel.owner.credential) not in told
    ctx = prove(scenes("visit:")).scenes[0]
    assert "ctx=" not in told + str(ctx)


def test_live_figures_do_not_move(prove: Prove, funnel: Funnel) -> None:
    prove(scenes(*A_BUYER, "visit: {visitors: 10}"))
    assert [row for row in funnel.rows("clicks") + funnel.rows("conversions") if row["world"] == "live"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenes: [{visit: {variant: bb}}]", "plan.yaml:3:28: new-buyer-funnel has no variant bb; did you mean b?"),
        ("scenes: [{visit: {}, expect: {variant: zzz}}]", "plan.yaml:3:40: new-buyer-funnel has no variant zzz; there"),
        ("scenes: [{configure: {weights: {c: 1}}}]", "plan.yaml:3:33: new-buyer-funnel has no variant c; "),
        (
            "handle: elsewhere\nscenes: [{visit: {}}]",
            "plan.yaml:3:9: the plan is for the handle elsewhere, the token is",
        ),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_with_its_place(prove: Prove, text: str, said: str) -> None:
    with pytest.raises(UnusablePlan) as raised:
        prove(script_of(f"plan: P\ncampaign: new-buyer-funnel\n{text}\n"))
    assert str(raised.value.faults[0]).startswith(said)


def test_a_misspelt_campaign_is_told_the_one_that_is_near(prove: Prove) -> None:
    with pytest.raises(
        UnusablePlan, match=r"2:11: gharart has no campaign new-byer-funnel; did you mean new-buyer-funnel"
    ):
        prove(scenes("visit:", campaign="new-byer-funnel"))


def test_a_plan_for_two_variants_needs_two(client: Client, funnel: Funnel) -> None:
    funnel.campaign(variants=[])
    with pytest.raises(UnusablePlan, match=r"4:22: challenger: new-buyer-funnel has no such variant"):
        prove_by(client, str(funnel.owner.credential), scenes("visit: {variant: challenger}"))


@pytest.mark.parametrize(
    ("scopes", "said"),
    [
        (("campaigns.read", "analytics.read"), "needs the scope campaigns.test"),
        (("campaigns.test",), "needs the scope campaigns.read"),
    ],
)
def test_a_token_without_the_scope_is_told_which(
    client: Client, funnel: Funnel, cast: Cast, scopes: tuple[str, ...], said: str
) -> None:
    funnel.campaign()
    with pytest.raises(UnusableServer, match=said) as raised:
        prove_by(client, str(cast.token(*scopes).credential), scenes("visit:"))
    assert raised.value.code == "insufficient_scope"
    assert raised.value.request_id


@pytest.mark.parametrize("token", ["nonsense", "patv1_tok_00.secret"])
def test_a_bad_token_is_told(client: Client, funnel: Funnel, token: str) -> None:
    funnel.campaign()
    with pytest.raises(UnusableServer) as raised:
        prove_by(client, token, scenes("visit:"))
    assert raised.value.code == "invalid_token"


def test_a_token_of_another_handle_opens_nothing_here(client: Client, funnel: Funnel, cast: Cast) -> None:
    funnel.campaign()
    with pytest.raises(UnusablePlan, match="elsewhere has no campaign new-buyer-funnel"):
        prove_by(client, str(cast.token(*SCOPES, handle=OTHER_HANDLE).credential), scenes("visit:"))


def test_a_person_without_a_handle_is_told(client: Client, funnel: Funnel, cast: Cast) -> None:
    funnel.campaign()
    with pytest.raises(UnusableServer, match="opens no handle") as raised:
        prove_by(client, str(cast.boss.credential), scenes("visit:"))
    assert raised.value.code == "no_handle"


def test_a_scope_that_is_missing_in_mid_run_leaves_the_receipt_of_what_ran(
    client: Client, funnel: Funnel, cast: Cast
) -> None:
    funnel.campaign()
    token = str(cast.token("campaigns.read", "campaigns.test").credential)
    outcome = prove_by(client, token, scenes(*A_BUYER, "read: funnel", "replay:"))
    assert (outcome.verdict, outcome.exit_status, outcome.error_code) == (Verdict.ERROR, 2, "insufficient_scope")
    assert [scene.verdict.value for scene in outcome.scenes] == ["PASS", "PASS", "ERROR", "NOT_RUN"]
    assert "analytics.read" in str(outcome.error)


class Dying(httpx2.AsyncBaseTransport):
    """The real app, until it is gone."""

    def __init__(self, app: Any, lives_for: int) -> None:
        self._app, self._left = httpx2.ASGITransport(app), lives_for

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._left -= 1
        if self._left < 0:
            raise httpx2.ConnectError("connection refused", request=request)
        return await self._app.handle_async_request(request)


def test_a_server_that_dies_in_mid_run_leaves_the_receipt_of_what_ran(client: Client, funnel: Funnel) -> None:
    funnel.campaign()
    token = str(funnel.owner.credential)

    async def proved() -> Outcome:
        transport = Dying(client.app, lives_for=6)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
            return await run_plan(scenes(*A_BUYER, "replay:", "wait: 1 day"), http, token=token)

    outcome = client.run(proved())
    assert (outcome.exit_status, outcome.error_code) == (2, "server_gone")
    assert [scene.verdict.value for scene in outcome.scenes] == ["PASS", "PASS", "ERROR", "NOT_RUN"]
    assert "connection refused" in str(outcome.error)
    assert outcome.scenes[1].sent[0].status == 201


async def _says_hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": b"<p>hello"})


def test_another_kind_of_server_is_recognised(client: Client) -> None:
    async def proved() -> Outcome:
        transport = httpx2.ASGITransport(_says_hello)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
            return await run_plan(scenes("visit:"), http, token="t")

    with pytest.raises(UnusableServer, match="is no Funnelproof"):
        client.run(proved())


def test_a_link_that_leads_by_a_page_of_its_own_is_followed(prove: Prove, funnel: Funnel) -> None:
    funnel.link(campaignId="new-buyer-funnel", trackingPolicy={"mode": "BRIDGE", "appendContextParam": True})
    assert prove(scenes(*A_BUYER)).verdict is Verdict.PASS


def test_a_destination_that_changes_in_mid_run_begins_a_new_epoch(prove: Prove) -> None:
    moved = "{configure: {destinations: {b: 'https://shop.gharart.example/other'}}}"
    outcome = prove(scenes("visit: {variant: b}", moved, "{read: results, expect: {epoch: 2, excluded: {earlier: 1}}}"))
    assert failures(outcome) == []


def test_a_change_that_the_product_refuses_can_be_expected(prove: Prove) -> None:
    outcome = prove(scenes("{configure: {weights: {a: 0, b: 0}}, expect: {status: 400, error: any}}"))
    assert failures(outcome) == []
