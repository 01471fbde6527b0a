"""Leads over HTTP: taken from anybody, stored once, a conversion as well, and told to those who share the handle."""

import csv
import io
from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client, refused
from funnel import CAMPAIGN
from funnelproof.app import Application
from funnelproof.clock import MINUTE, SetClock
from leads.conftest import FILLED, LEADS, LIST, Desk
from pages.conftest import SLUG

DAY = 24 * 60 * MINUTE


def test_a_form_with_a_ctx_is_a_lead_and_a_conversion_once(desk: Desk) -> None:
    ctx = desk.funnel.click().ctx
    for _ in range(2):
        answer = desk.send(ctx=ctx)
        assert (answer.status_code, answer.json()["status"]) == (202, "TAKEN")
    assert desk.send({**FILLED, "name": "Asha R."}, ctx=ctx).status_code == 202
    (lead,) = desk.listed()
    (made,) = desk.conversions()
    assert lead["conversionId"] == made["conversion_id"]
    assert (made["event_type"], made["disposition"], made["in_test"]) == ("lead", "COUNTED", True)
    assert (lead["fields"], lead["email"], lead["mode"]) == (FILLED, "asha@example.com", "live")
    assert lead["variantId"] in ("a", "b")
    assert lead["clickId"] == made["click_id"]


def test_another_address_is_another_lead_and_the_counting_rule_judges_its_conversion(desk: Desk) -> None:
    ctx = desk.funnel.click().ctx
    for name in ("asha", "ravi"):
        assert desk.send({"email": f"{name}@example.com"}, ctx=ctx).status_code == 202
    assert len(desk.listed()) == 2
    assert sorted(each["disposition"] for each in desk.conversions()) == ["COUNTED", "NOT_UNIQUE"]


def test_a_campaign_that_is_not_after_leads_makes_no_conversion_of_one(desk: Desk, cast: Cast) -> None:
    link = {"slug": "sale-link", "destinationUrl": "https://shop.gharart.example/x"}
    desk.funnel.campaign(campaignId="sale", primaryLink=link)
    ctx = desk.funnel.click(slug="sale-link").ctx
    assert desk.send(campaignId="sale", ctx=ctx).status_code == 202
    (lead,) = desk.listed("campaignId=sale")
    assert (lead["conversionId"], lead["notConverted"]) == (None, None)
    assert desk.conversions() == []
    assert [row["arrived_at"] is not None for row in desk.funnel.rows("ledger")] == [True]


def test_a_form_without_a_ctx_is_a_lead_and_no_conversion(desk: Desk) -> None:
    assert desk.send().status_code == 202
    (lead,) = desk.listed()
    assert (lead["conversionId"], lead["variantId"], lead["clickId"]) == (None, None, None)


def test_a_form_that_comes_long_after_its_click_is_kept_and_says_why_it_is_no_conversion(
    desk: Desk, clock: SetClock
) -> None:
    ctx = desk.funnel.click().ctx
    clock.advance(60 * DAY)
    assert desk.send(ctx=ctx).status_code == 202
    (lead,) = desk.listed()
    assert lead["conversionId"] is None
    assert lead["notConverted"].startswith("invalid_ctx: ")


def test_a_key_given_makes_a_form_one_lead_and_another_form_under_it_is_refused(desk: Desk) -> None:
    for _ in range(2):
        assert desk.send(idempotencyKey="form-1").status_code == 202
    refused(desk.send({"email": "ravi@example.com"}, idempotencyKey="form-1"), 422, "idempotency_key_reused")
    assert desk.send(idempotencyKey="form-2").status_code == 202
    assert len(desk.listed()) == 2
    refused(desk.send(idempotencyKey="{{order_id}}"), 400, "invalid_idempotency_key")


def test_the_form_of_a_page_leads_back_to_it_and_nowhere_else(desk: Desk) -> None:
    ctx = desk.funnel.click().ctx
    answer = desk.post(ctx=ctx, **FILLED, news="yes")
    page = f"/{HANDLE}/p/{SLUG}"
    assert answer.status_code == 303
    assert answer.headers["location"].endswith(f"{page}?ctx={ctx}#thanks")
    (lead,) = desk.listed()
    assert lead["fields"] == {**FILLED, "news": True}
    shown = desk.client.get(f"{page}?ctx={ctx}").text
    assert 'id="thanks"' in shown
    assert "It is on its way." in shown
    assert desk.post(**FILLED).headers["location"].endswith(f"{page}#thanks")
    html = desk.post(email="nobody", next="https://evil.example", name="<b>")
    assert html.status_code == 400
    assert html.headers["content-type"].startswith("text/html")
    assert "evil.example" not in html.headers.get("location", "")


def test_a_filled_trap_is_answered_as_if_taken_and_nothing_is_stored(desk: Desk, application: Application) -> None:
    ctx = desk.funnel.click().ctx
    trapped, taken = desk.send(ctx=ctx, website="http://x"), desk.send(ctx=desk.funnel.click(person=2).ctx)
    assert trapped.status_code == taken.status_code
    assert trapped.json().keys() == taken.json().keys()
    assert desk.post(**FILLED, website="x").status_code == 303
    assert len(desk.listed()) == 1
    assert application.lead_door.trapped == {"website": 2}


def test_all_that_is_wrong_with_a_form_is_told_at_once(desk: Desk) -> None:
    wrong = {"email": "asha@", "size": "XXL", "name": "x" * 400, "colour": "red", "news": 3, "more": "a\x1bb"}
    told = refused(desk.send(wrong), 400, "invalid_payload")
    assert {fault["pointer"].rpartition("/")[2]: fault["code"] for fault in told["errors"]} == {
        "email": "invalid",
        "size": "not_one_of",
        "name": "too_long",
        "colour": "unknown_field",
        "news": "wrong_type",
        "more": "invalid",
    }
    refused(desk.send({"name": "Asha"}), 400, "invalid_email")
    refused(desk.send({}), 400, "invalid_email")
    assert desk.send({**FILLED, "size": "Groß"}).status_code == 202
    assert len(desk.listed()) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"formId": "other"}, 400, "invalid_form_id"),
        ({"campaignId": "nothing"}, 404, "campaign_not_found"),
        ({"ctx": "nonsense"}, 400, "invalid_ctx"),
        ({"colour": "red"}, 400, "unknown_field"),
        ({"fields": "email"}, 400, "invalid_fields"),
        ({"formId": None}, 400, "invalid_form_id"),
        ({"website": 7}, 400, "invalid_website"),
    ],
)
def test_what_is_no_form_of_the_campaign_is_refused(desk: Desk, body: dict[str, Any], status: int, code: str) -> None:
    told = {"fields": FILLED, **body}
    refused(desk.send(**told), status, code)
    assert desk.listed() == []


def test_a_ctx_of_another_campaign_or_another_handle_is_refused(desk: Desk) -> None:
    link = {"slug": "sale-link", "destinationUrl": "https://shop.gharart.example/x"}
    desk.funnel.campaign(campaignId="sale", primaryLink=link)
    other = desk.funnel.click(slug="sale-link").ctx
    assert refused(desk.send(ctx=other), 400, "invalid_ctx")["reason"] == "wrong_campaign"
    elsewhere = desk.client.post(
        "/v2/public/handles/nobody-here/leads", {"campaignId": "x", "formId": "y", "fields": {}}
    )
    refused(elsewhere, 404, "handle_not_found")


def test_a_form_of_a_page_that_is_not_ours_is_taken_with_a_ctx(desk: Desk) -> None:
    ctx = desk.funnel.click().ctx
    refused(desk.send({"email": "x"}, formId="own", ctx=ctx), 400, "invalid_email")
    refused(desk.send({"Email": "x"}, formId="own", ctx=ctx), 400, "invalid_fields")
    refused(desk.send({f"f{number}": "x" for number in range(13)}, formId="own", ctx=ctx), 400, "invalid_fields")
    assert desk.send({"email": "asha@example.com", "note": "hi", "ok": True}, formId="own", ctx=ctx).status_code == 202
    (lead,) = desk.listed("formId=own")
    assert lead["fields"] == {"email": "asha@example.com", "note": "hi", "ok": True}
    assert lead["conversionId"]


def test_a_runs_lead_stays_in_its_world(desk: Desk) -> None:
    base = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/test-runs"
    tester = desk.funnel.cast.token("campaigns.*")
    run = desk.client.post(base, {"seed": "s"}, by=tester).json()
    headers = {"X-Funnelproof-Run": run["runToken"], "X-Funnelproof-As": "visitor=one; variant=b"}
    ctx = desk.client.get(f"/{HANDLE}/buy-now", headers=headers).headers["location"].partition("ctx=")[2]
    assert desk.send(ctx=ctx).status_code == 202
    assert desk.listed() == []
    (lead,) = desk.listed("mode=test")
    assert (lead["mode"], lead["variantId"]) == ("test", "b")
    (made,) = desk.conversions()
    assert made["world"] == run["runId"]
    assert desk.client.post(f"{base}/{run['runId']}/finish", {}, by=tester).status_code == 200
    assert refused(desk.send({"email": "late@example.com"}, ctx=ctx), 400, "invalid_ctx")["reason"] == "wrong_mode"


def test_one_address_sends_so_many_forms_a_minute(desk: Desk, clock: SetClock) -> None:
    for _ in range(30):
        assert desk.send().status_code == 202
    answer = desk.send()
    refused(answer, 429, "rate_limited")
    assert answer.headers["retry-after"] == "60"
    assert desk.post(**FILLED).status_code == 429
    clock.advance(MINUTE)
    assert desk.send().status_code == 202


def test_pages_of_all_origins_may_send(desk: Desk) -> None:
    asked = desk.client.call("OPTIONS", LEADS)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
    assert asked.headers["access-control-allow-methods"] == "POST, OPTIONS"
    for answer in (desk.send(), desk.send({})):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["x-request-id"].startswith("req_")
        assert "access-control-allow-credentials" not in answer.headers
    assert desk.client.get(LEADS).status_code == 405
    plain = desk.client.post(LEADS, content=b"{}", headers={"Content-Type": "text/plain"})
    refused(plain, 415, "unsupported_media_type")
    refused(desk.client.post(LEADS, content=b"{", headers={"Content-Type": "application/json"}), 400, "invalid_payload")


def test_a_credential_that_is_sent_must_be_one_for_this_route(desk: Desk, cast: Cast) -> None:
    assert desk.send(by=cast.token("pages.read")).status_code == 202
    refused(desk.send(by=cast.owner), 401, "invalid_token")
    refused(desk.send(by=Actor("liar", credential="patv1_tok_x.y")), 401, "invalid_token")


def test_leads_are_listed_in_pages_to_those_who_may(desk: Desk, client: Client, cast: Cast) -> None:
    for number in range(3):
        assert desk.send({"email": f"p{number}@example.com"}).status_code == 202
    first = client.get(f"{LIST}?limit=2", by=cast.teammate).json()
    rest = client.get(f"{LIST}?limit=2&cursor={first['nextCursor']}", by=cast.teammate).json()
    assert [each["email"][:2] for each in first["items"] + rest["items"]] == ["p2", "p1", "p0"]
    assert rest["nextCursor"] is None
    refused(client.get(LIST, by=cast.token("campaigns.*")), 403, "insufficient_scope")
    refused(client.get(LIST, by=cast.stranger), 404, "handle_not_found")
    refused(client.get(LIST), 401, "missing_bearer_token")
    refused(client.get(f"{LIST}/export", by=cast.teammate), 403, "insufficient_role")
    refused(client.get(f"{LIST}?campaignId=nothing", by=desk.reader), 404, "campaign_not_found")


def test_an_export_has_a_column_for_each_field_and_no_formula(desk: Desk, cast: Cast) -> None:
    assert desk.send({**FILLED, "name": "=1+1"}, ctx=desk.funnel.click().ctx).status_code == 202
    assert desk.send({"email": "ravi@example.com", "news": True}).status_code == 202
    answer = desk.client.get(f"{LIST}/export", by=cast.operator)
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["fields.name"] for row in rows] == ["'=1+1", ""]
    assert [row["fields.news"] for row in rows] == ["", "true"]
    assert [row["fields.email"] for row in rows] == ["asha@example.com", "ravi@example.com"]
    assert rows[0]["conversionId"].startswith("cnv_")
    assert answer.headers["export-rows"] == "2"
    assert f"{HANDLE}-leads.csv" in answer.headers["content-disposition"]
    lines = desk.client.get(f"{LIST}/export?format=ndjson&campaignId={CAMPAIGN}", by=cast.operator)
    assert lines.text.count("\n") == 2
    assert '"=1+1"' in lines.text
