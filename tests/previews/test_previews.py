"""Previewing a variant over HTTP: a link for the team that leads to it, for an hour, and moves no live number."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from cast import HANDLE, Cast, Client, refused
from conftest import MakeInstallation
from funnel import BOT, BROWSER, CAMPAIGN, SHOP, SLUG, Funnel
from funnelproof.app import Application
from funnelproof.clock import MINUTE, SetClock
from funnelproof.recount.compare import recount
from funnelproof.storage.schema import metadata

PREVIEWS = f"/v2/handles/{HANDLE}/links/{SLUG}/preview-links"
PUBLIC = f"/v2/public/handles/{HANDLE}/links/{SLUG}/preview-links"
COUNTED = [table.name for table in metadata.sorted_tables if "world" in table.columns]


def made(funnel: Funnel, variant: str | None = "b", path: str = PREVIEWS) -> dict[str, Any]:
    answer = funnel.client.post(path, {"variantId": variant} if variant else {}, by=funnel.owner)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def query_of(preview: dict[str, Any]) -> str:
    return urlsplit(preview["url"]).query


def live_rows(funnel: Funnel) -> dict[str, list[dict[str, Any]]]:
    return {name: [row for row in funnel.rows(name) if row["world"] == "live"] for name in COUNTED}


def test_each_variant_is_shown_whoever_looks(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    for variant in ("a", "b"):
        query = query_of(made(funnel, variant))
        for person in range(1, 12):
            clicked = funnel.click(query, person=person)
            assert clicked.path == f"/{variant}"
            told = client.get(f"/v2/public/context?ctx={clicked.ctx}").json()
            assert (told["mode"], told["variantId"], told["usable"]) == ("test", variant, True)


def test_no_live_row_or_figure_is_touched_not_even_by_a_conversion(
    funnel: Funnel, client: Client, clock: SetClock
) -> None:
    funnel.campaign()
    funnel.convert(funnel.click(person=1).ctx, "order-1")
    before, results = live_rows(funnel), client.get(f"{funnel.base}/campaigns/{CAMPAIGN}/results", by=funnel.owner)
    query = query_of(made(funnel))
    clicked = funnel.click(query, person=1)
    assert funnel.client.post("/v2/public/arrivals", {"ctx": clicked.ctx}).status_code < 300
    answer = funnel.convert(clicked.ctx, "order-1", value="10.00")
    assert (answer["mode"], answer["status"], answer["disposition"], answer["variantId"]) == (
        "test",
        "RECORDED",
        "COUNTED",
        "b",
    )
    assert funnel.send(clicked.ctx, "order-1", value="10.00").json()["status"] == "DUPLICATE"
    refused(funnel.send(clicked.ctx, "order-1", value="11.00"), 422, "idempotency_key_reused")
    funnel.click(query, person=None, headers={"user-agent": BOT})
    assert live_rows(funnel) == before
    again = client.get(f"{funnel.base}/campaigns/{CAMPAIGN}/results", by=funnel.owner)
    assert {**again.json(), "asOf": 0} == {**results.json(), "asOf": 0}
    story = client.get(f"{funnel.base}/conversions/{answer['conversionId']}", by=funnel.owner).json()
    assert (story["mode"], story["runId"], story["inTest"]) == ("test", None, False)
    report = recount(funnel.cast.home.database, now=clock.now())
    assert (report.different, report.equal > 0) == (0, True)


def test_nobody_enters_by_looking_and_no_cookie_is_set(funnel: Funnel) -> None:
    funnel.campaign()
    answer = funnel.follow(query_of(made(funnel)), person=None)
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "x-robots-tag" not in funnel.follow().headers
    (row,) = [row for row in funnel.rows("ledger") if row["world"] == "preview"]
    assert (row["cohort"], row["entered_at"]) == ("OUTSIDE", None)
    assert {row["world"] for row in funnel.rows("clicks")} == {"preview", "live"}


@pytest.mark.parametrize("status", ["DRAFT", "PAUSED", "COMPLETED"])
def test_a_campaign_that_is_not_active_can_be_previewed(funnel: Funnel, status: str) -> None:
    funnel.campaign(status="DRAFT" if status == "DRAFT" else "ACTIVE")
    if status != "DRAFT":
        funnel.move(status)
    clicked = funnel.click(query_of(made(funnel)))
    assert clicked.path == "/b"
    assert funnel.convert(clicked.ctx)["disposition"] == "COUNTED"
    assert [row for row in funnel.rows("clicks") if row["world"] == "live"] == []


def test_variants_without_weight_and_those_switched_off_can_be_previewed(funnel: Funnel) -> None:
    a, b = funnel.campaign(rampPercent=1)["variants"]
    c = {"variantId": "c", "weight": 5, "enabled": False, "destinationUrl": f"{SHOP}/c"}
    funnel.change(variants=[a, {**b, "weight": 0}, c])
    assert [funnel.click(query_of(made(funnel, variant))).path for variant in "abc"] == ["/a", "/b", "/c"]


def test_what_keeps_visitors_out_or_sends_them_elsewhere_does_not_keep_the_team_from_looking(funnel: Funnel) -> None:
    funnel.campaign()
    rule = {"priority": 1, "when": {"deviceIn": ["DESKTOP"]}, "destinationUrl": f"{SHOP}/desktop"}
    funnel.link(
        SLUG,
        campaignId=CAMPAIGN,
        routingRules=[rule],
        enabled=False,
        password="sesame",
        scheduledStartAt="2027-01-01T00:00:00Z",
        maxClicks=1,
    )
    query = query_of(made(funnel))
    assert [funnel.click(query).path for _ in range(3)] == ["/b"] * 3
    assert funnel.follow().status_code == 404


def test_a_preview_lives_an_hour(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign()
    query = query_of(made(funnel))
    clock.advance(59 * MINUTE)
    funnel.click(query)
    assert len(funnel.client.get(PREVIEWS, by=funnel.owner).json()["items"]) == 1
    clock.advance(1 * MINUTE)
    refused(funnel.follow(query), 410, "preview_ended")
    assert funnel.client.get(PREVIEWS, by=funnel.owner).json()["items"] == []
    page = funnel.follow(query, headers={"accept": "text/html"})
    assert (page.status_code, "This offer has ended" in page.text) == (410, True)


def test_a_preview_can_be_revoked_and_the_others_live_on(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    first, second = made(funnel, "a"), made(funnel, "b")
    listed = client.get(f"{PREVIEWS}?limit=1", by=funnel.owner).json()
    rest = client.get(f"{PREVIEWS}?limit=1&cursor={listed['nextCursor']}", by=funnel.owner).json()
    assert (listed["items"], rest["items"], rest["nextCursor"]) == ([second], [first], None)
    path = f"{PREVIEWS}/{first['previewId']}"
    assert client.delete(path, by=funnel.owner).status_code == 204
    refused(client.delete(path, by=funnel.owner), 404, "not_found")
    refused(funnel.follow(query_of(first)), 410, "preview_ended")
    assert funnel.click(query_of(second)).path == "/b"
    assert client.get(PREVIEWS, by=funnel.owner).json()["items"] == [second]


def test_an_address_that_was_changed_or_invented_is_refused_and_counts_nowhere(funnel: Funnel) -> None:
    funnel.campaign()
    funnel.link("other", campaignId=CAMPAIGN)
    query = query_of(made(funnel))
    forged = query[:-1] + ("A" if query[-1] != "A" else "B")
    for wrong in (forged, "fp_preview=", "fp_preview=shr_1", f"fp_preview=shr_{'0' * 32}.abcd.{'A' * 43}"):
        refused(funnel.follow(wrong), 410, "preview_ended")
    refused(funnel.follow(query, slug="other"), 410, "preview_ended")
    assert funnel.rows("clicks") == []


def test_a_preview_of_what_is_no_longer_there_is_refused(funnel: Funnel) -> None:
    a, _ = funnel.campaign()["variants"]
    query = query_of(made(funnel))
    funnel.change(variants=[a])
    refused(funnel.follow(query), 410, "preview_ended")


def test_a_link_without_a_campaign_is_previewed_as_it_is(funnel: Funnel) -> None:
    funnel.link("bare", destinationUrl=f"{SHOP}/bare", scheduledStartAt="2027-01-01T00:00:00Z")
    preview = made(funnel, None, PREVIEWS.replace(SLUG, "bare"))
    assert preview["variantId"] is None
    assert funnel.click(query_of(preview), slug="bare").path == "/bare"


def test_tags_of_the_address_go_along_and_the_token_does_not(funnel: Funnel) -> None:
    funnel.campaign()
    clicked = funnel.click(f"{query_of(made(funnel))}&utm_source=mail")
    assert clicked.query["utm_source"] == "mail"
    assert "fp_preview" not in clicked.address


def test_a_campaign_that_trusts_tokens_only_takes_the_conversion_of_a_preview(funnel: Funnel) -> None:
    funnel.campaign(trustedConversions=True)
    assert funnel.convert(funnel.click(query_of(made(funnel))).ctx)["mode"] == "test"


@pytest.mark.parametrize(
    ("body", "says"),
    [({}, "says which variant"), ({"variantId": "c"}, "no variant 'c'"), ({"variantId": "B!"}, "must match")],
)
def test_which_variant_must_be_said_and_be_there(funnel: Funnel, body: dict[str, Any], says: str) -> None:
    funnel.campaign()
    document = refused(funnel.client.post(PREVIEWS, body, by=funnel.owner), 400, "invalid_variant_id")
    assert says in document["detail"]
    refused(funnel.client.post(PREVIEWS, {"for": "b"}, by=funnel.owner), 400, "unknown_field")


def test_who_may_make_list_and_revoke(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    mine = made(funnel)
    one = {"POST": PREVIEWS, "GET": PREVIEWS, "DELETE": f"{PREVIEWS}/{mine['previewId']}"}
    for method, path in one.items():
        body = {"variantId": "b"} if method == "POST" else None
        refused(client.call(method, path, body), 401, "missing_bearer_token")
        refused(client.call(method, path, body, by=cast.stranger), 404, "handle_not_found")
        refused(client.call(method, path, body, by=cast.token("campaigns.*")), 403, "insufficient_scope")
    refused(client.post(PREVIEWS, {"variantId": "b"}, by=cast.token("links.read")), 403, "insufficient_scope")
    refused(client.post(PREVIEWS.replace(SLUG, "none"), {}, by=cast.owner), 404, "not_found")
    refused(client.get(PREVIEWS.replace(SLUG, "none"), by=cast.owner), 404, "not_found")
    funnel.link("other")
    refused(client.delete(one["DELETE"].replace(SLUG, "other"), by=cast.owner), 404, "not_found")
    assert client.post(PUBLIC, {"variantId": "b"}, by=cast.token("links.write")).status_code == 201
    assert len(client.get(PUBLIC, by=cast.token("links.read")).json()["items"]) == 2
    assert client.delete(f"{PUBLIC}/{mine['previewId']}", by=cast.token("links.write")).status_code == 204


def test_a_preview_of_one_handle_opens_no_link_of_another(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    query = query_of(made(funnel))
    theirs = client.put(f"/v2/handles/elsewhere/links/{SLUG}", {"destinationUrl": f"{SHOP}/x"}, by=cast.stranger)
    assert theirs.status_code == 201
    refused(client.get(f"/elsewhere/{SLUG}?{query}", headers={"user-agent": BROWSER}), 410, "preview_ended")


def test_previews_work_on_both_engines(make_installation: MakeInstallation, engine_kind: str) -> None:
    from cast import make_cast

    home = make_installation(engine_kind)
    with Client(Application(home)) as client:
        funnel = Funnel(client, make_cast(home))
        funnel.campaign(status="DRAFT")
        clicked = funnel.click(query_of(made(funnel)))
        assert (clicked.path, funnel.convert(clicked.ctx)["mode"]) == ("/b", "test")
        assert {row["world"] for row in funnel.rows("clicks")} == {"preview"}
