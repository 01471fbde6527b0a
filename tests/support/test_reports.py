"""Handing a problem over: artefacts are found only where the sender has a part, and each route names the others."""

from typing import Any

import pytest

from cast import HANDLE, OTHER_HANDLE, VISITOR, Actor, Cast, Client, refused
from conftest import MakeInstallation
from funnel import CAMPAIGN, SLUG, Funnel
from funnelproof.app import Application

REPORT, ESCALATIONS, ABUSE = "/v2/support/report", "/v2/operator/escalations", "/v2/public/content-report"
BODY = {"summary": "Orders of B are refused", "details": "Since 14:02."}


def told(client: Client, by: Actor, **named: Any) -> dict[str, Any]:
    answer = client.post(REPORT, {**BODY, **named}, by=by)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def found(report: dict[str, Any]) -> dict[str, bool]:
    return {artifact["kind"]: artifact["found"] for artifact in report["artifacts"]}


def test_a_report_carries_what_its_sender_can_see(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    run = client.post(f"{funnel.base}/campaigns/{CAMPAIGN}/test-conversion", {}, by=funnel.owner).json()
    asked = client.get(f"{funnel.base}/campaigns/{CAMPAIGN}", by=cast.owner).headers["x-request-id"]
    conversion = funnel.convert(funnel.click().ctx)["conversionId"]
    session = cast.home.database.read_now(
        lambda tx: tx.connection.exec_driver_sql(
            "SELECT session_id FROM sessions WHERE user_id = ?", (cast.owner.user_id,)
        ).scalar_one()
    )
    named = {"handle": HANDLE, "requestId": asked, "runId": run["runId"], "sessionId": session}
    report = told(client, cast.owner, **named, reproArtifact=conversion)
    assert found(report) == dict.fromkeys(("handle", "session", "request", "run", "conversion"), True)
    assert (report["handle"], report["status"], report["settlement"]) == (HANDLE, "OPEN", None)


def test_a_stranger_learns_nothing_of_what_lies_elsewhere(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    run = client.post(f"{funnel.base}/campaigns/{CAMPAIGN}/test-conversion", {}, by=funnel.owner)
    click = funnel.click().answer.headers["x-request-id"]
    named = {"handle": HANDLE, "requestId": click, "runId": run.json()["runId"]}
    there = told(client, cast.stranger, **named)
    nowhere = told(client, cast.stranger, handle="nobody-here", requestId="req_none", runId="run_none")
    assert set(found(there).values()) == set(found(nowhere).values()) == {False}
    assert (there["handle"], nowhere["handle"]) == (None, None)
    assert found(told(client, cast.owner, requestId=click)) == {"request": True}
    token = cast.token("support.write", handle=OTHER_HANDLE)
    assert found(told(client, token, **named)) == {"handle": False, "request": False, "run": False}


def test_who_may_report_and_who_may_read(client: Client, cast: Cast) -> None:
    refused(client.post(REPORT, BODY), 401, "missing_bearer_token")
    refused(client.post(REPORT, BODY, by=cast.token("campaigns.*")), 403, "insufficient_scope")
    by_token = told(client, cast.token("support.write"), handle=HANDLE)
    assert by_token["sender"].startswith("token:tok_")
    report = told(client, cast.teammate, handle=HANDLE)
    path = f"/v2/support/reports/{report['reportId']}"
    for reader in (cast.teammate, cast.operator, cast.owner, cast.boss):
        assert client.get(path, by=reader).json() == report
    for other in (cast.stranger, cast.token("support.write")):
        refused(client.get(path, by=other), 404, "not_found")
    without_handle = f"/v2/support/reports/{told(client, cast.teammate)['reportId']}"
    refused(client.get(without_handle, by=cast.owner), 404, "not_found")


def test_a_report_is_settled_once_and_its_sender_reads_how(client: Client, cast: Cast) -> None:
    report = told(client, cast.teammate)
    path = f"/v2/operator/reports/{report['reportId']}/settlement"
    refused(client.post(path, {"note": "no"}, by=cast.owner), 403, "operator_only")
    assert client.post(path, {"note": "The shop stripped ctx."}, by=cast.boss).status_code == 200
    refused(client.post(path, {"note": "again"}, by=cast.boss), 409, "already_settled")
    seen = client.get(f"/v2/support/reports/{report['reportId']}", by=cast.teammate).json()
    assert (seen["status"], seen["settlement"]["note"]) == ("SETTLED", "The shop stripped ctx.")
    assert client.get("/v2/operator/reports", by=cast.boss).json()["items"] == []
    settled = client.get("/v2/operator/reports?status=SETTLED", by=cast.boss).json()["items"]
    assert [item["reportId"] for item in settled] == [report["reportId"]]
    refused(client.post("/v2/operator/reports/sup_none/settlement", {"note": "x"}, by=cast.boss), 404, "not_found")


def test_each_route_refuses_the_others_purpose_and_names_the_right_one(client: Client, cast: Cast) -> None:
    for about, route in (("ABUSE", ABUSE), ("ESCALATION", ESCALATIONS)):
        document = refused(client.post(REPORT, {**BODY, "about": about}, by=cast.owner), 422, "wrong_route")
        assert document["route"] == route
    for who in (cast.owner, cast.operator, cast.teammate, cast.stranger, cast.token("support.write")):
        document = refused(client.post(ESCALATIONS, BODY, by=who), 403, "operator_only")
        assert REPORT in document["detail"]
    abuse = {"url": "https://x.example/a/b", "category": "PRODUCT_INCIDENT", "details": "Nothing works."}
    assert refused(client.post(ABUSE, abuse), 422, "wrong_route")["route"] == REPORT


def test_operators_escalate_among_themselves(client: Client, cast: Cast) -> None:
    refused(client.post(ESCALATIONS, BODY), 401, "missing_bearer_token")
    made = client.post(ESCALATIONS, {**BODY, "urgency": "URGENT"}, by=cast.boss)
    assert made.status_code == 201, made.text
    assert client.get(ESCALATIONS, by=cast.boss).json()["items"] == [made.json()]
    path = f"{ESCALATIONS}/{made.json()['escalationId']}/settlement"
    assert client.post(path, {"note": "A disk was full."}, by=cast.boss).json()["status"] == "SETTLED"
    assert client.get(ESCALATIONS, by=cast.boss).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"summary": " ", "details": "x"},
        {**BODY, "requestId": "a\nb"},
        {**BODY, "about": "RUMOUR"},
        {**BODY, "x": 1},
    ],
)
def test_a_report_that_says_nothing_is_refused(client: Client, cast: Cast, body: dict[str, Any]) -> None:
    assert client.post(REPORT, body, by=cast.owner).status_code == 400


def test_abuse_is_taken_without_a_word_on_what_exists_and_throttled_by_address(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    answers = [
        client.post(ABUSE, {"url": url, "category": "FRAUD", "details": "A bank it is not."})
        for url in (f"http://127.0.0.1:8080/{HANDLE}/{SLUG}", "https://elsewhere.example/a/b")
    ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(202, {"status": "TAKEN"})] * 2
    for _ in range(8):
        assert client.post(ABUSE, {"url": "https://x.example/", "category": "SPAM", "details": "x"}).status_code == 202
    again = client.post(ABUSE, {"url": "https://x.example/", "category": "SPAM", "details": "x"})
    assert refused(again, 429, "rate_limited")
    assert again.headers["retry-after"]


def reported(client: Client, cast: Cast, url: str) -> str:
    assert client.post(ABUSE, {"url": url, "category": "FRAUD", "details": "x"}).status_code == 202
    newest = client.get("/v2/operator/content-reports", by=cast.boss).json()["items"][0]
    assert newest["url"] == url
    return f"/v2/operator/content-reports/{newest['reportId']}/decision"


def test_a_link_is_taken_down_and_stays_down_until_it_is_restored(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    funnel.link("extra")
    path = reported(client, cast, f"http://127.0.0.1:8080/{HANDLE}/extra")
    refused(client.post(path, {"decision": "TAKE_DOWN"}, by=cast.owner), 403, "operator_only")
    assert funnel.follow(slug="extra").status_code == 302
    decided = client.post(path, {"decision": "TAKE_DOWN", "note": "Phishing."}, by=cast.boss).json()
    assert (decided["status"], decided["settlement"]["note"]) == ("SETTLED", "TAKE_DOWN: Phishing.")
    assert refused(funnel.follow(slug="extra"), 410, "link_ended")["reason"] == "taken_down"
    link = funnel.link("extra", title="written again")
    assert link["takenDownAt"]
    refused(client.delete(f"{funnel.base}/links/extra", by=funnel.owner), 409, "link_taken_down")
    refused(funnel.follow(slug="extra"), 410, "link_ended")
    client.post(path, {"decision": "RESTORE"}, by=cast.boss)
    assert funnel.follow(slug="extra").status_code == 302
    assert client.delete(f"{funnel.base}/links/extra", by=funnel.owner).status_code == 204


def test_what_is_not_ours_cannot_be_taken_down(client: Client, cast: Cast) -> None:
    for url in ("https://elsewhere.example/a/b", "http://127.0.0.1:8080/", f"http://127.0.0.1:8080/{HANDLE}/p/none"):
        path = reported(client, cast, url)
        refused(client.post(path, {"decision": "TAKE_DOWN"}, by=cast.boss), 409, "nothing_to_take_down")
        assert client.post(path, {"decision": "KEEP"}, by=cast.boss).json()["status"] == "SETTLED"
    refused(
        client.post("/v2/operator/content-reports/rep_0/decision", {"decision": "KEEP"}, by=cast.boss), 404, "not_found"
    )


def test_on_a_handles_own_host_the_address_names_the_link_alone(make_installation: MakeInstallation) -> None:
    from cast import make_cast

    home = make_installation(public_domain="go.example")
    with Client(Application(home)) as client:
        cast = make_cast(home)
        funnel = Funnel(client, cast)
        funnel.campaign()
        path = reported(client, cast, f"https://{HANDLE}.go.example/{SLUG}")
        assert client.post(path, {"decision": "TAKE_DOWN"}, by=cast.boss).status_code == 200
        refused(funnel.follow(), 410, "link_ended")


def test_the_queues_are_for_platform_operators(client: Client, cast: Cast) -> None:
    for path in ("/v2/operator/reports", ESCALATIONS, "/v2/operator/content-reports"):
        for who in (cast.owner, cast.stranger, cast.token("support.write")):
            refused(client.get(path, by=who), 403, "operator_only")
        refused(client.get(path, by=VISITOR), 401, "missing_bearer_token")
        assert client.get(path, by=cast.boss).status_code == 200
