"""Page views and clicks on buttons: counted where the click was, never for bots, previews and what the page has not."""

from typing import Any

import httpx2

from cast import HANDLE, VISITOR, refused
from funnel import BOT, BROWSER, CAMPAIGN, Funnel
from funnelproof.pages.event_routes import EVENTS_A_MINUTE
from funnelproof.pages.page import StructureType
from pages.conftest import SLUG, Site, draft, example

EVENTS = f"/v2/public/handles/{HANDLE}/page-events"


def send(site: Site, event: str = "PAGE_VIEW", agent: str = BROWSER, **fields: Any) -> httpx2.Response:
    body = {"event": event, "pageSlug": SLUG, **fields}
    return site.client.post(EVENTS, body, by=VISITOR, headers={"User-Agent": agent})


def rows(site: Site, query: str = "") -> dict[str, tuple[int, int]]:
    path = f"/v2/handles/{HANDLE}/analytics?campaignId={CAMPAIGN}&groupBy=variant{query}"
    answer = site.client.get(path, by=site.by).json()
    return {row["key"]: (row["pageViews"], row["ctaClicks"]) for row in answer["rows"]}


def test_views_and_clicks_are_counted_under_the_variant_of_the_click(site: Site, funnel: Funnel) -> None:
    site.write()
    clicked = funnel.click()
    variant = clicked.path[1:]
    for _ in range(2):
        assert send(site, ctx=clicked.ctx).json()["status"] == "COUNTED"
    assert send(site, "CTA_CLICK", ctaId="buy-one", ctx=clicked.ctx).status_code == 202
    assert send(site).status_code == 202
    assert rows(site) == {variant: (2, 1), "(none)": (1, 0)}
    by_day = site.client.get(f"/v2/handles/{HANDLE}/analytics?campaignId={CAMPAIGN}", by=site.by).json()
    assert (by_day["totals"]["pageViews"], by_day["totals"]["ctaClicks"], by_day["totals"]["clicks"]) == (3, 1, 1)


def test_what_is_no_visit_is_not_counted(site: Site, funnel: Funnel) -> None:
    refused(send(site), 404, "page_not_published")
    site.write()
    assert send(site, agent=BOT).json()["status"] == "NOT_COUNTED"
    refused(send(site, "CTA_CLICK", ctaId="nothing"), 400, "invalid_cta_id")
    refused(send(site, "CTA_CLICK"), 400, "invalid_cta_id")
    refused(send(site, ctaId="buy-one"), 400, "invalid_cta_id")
    refused(send(site, "LEFT"), 400, "invalid_event")
    refused(send(site, ctx="nonsense"), 400, "invalid_ctx")
    refused(send(site, colour="red"), 400, "unknown_field")
    assert rows(site) == {}


def test_a_ctx_of_another_campaign_counts_as_none(site: Site, funnel: Funnel) -> None:
    site.write()
    funnel.campaign(campaignId="other", primaryLink={"slug": "other-link", "destinationUrl": "https://x.example"})
    assert send(site, ctx=funnel.click(slug="other-link").ctx).json()["status"] == "COUNTED"
    assert rows(site) == {"(none)": (1, 0)}


def test_a_runs_views_stay_in_its_world(site: Site, funnel: Funnel) -> None:
    site.write()
    base = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/test-runs"
    run = site.client.post(base, {"seed": "s"}, by=site.by).json()
    headers = {"X-Funnelproof-Run": run["runToken"], "X-Funnelproof-As": "visitor=one; variant=b"}
    answer = site.client.get(f"/{HANDLE}/buy-now", headers=headers)
    ctx = answer.headers["location"].partition("ctx=")[2]
    assert send(site, ctx=ctx).json()["status"] == "COUNTED"
    assert rows(site) == {}
    assert rows(site, f"&mode=test&run={run['runId']}")["b"] == (1, 0)


def test_buttons_of_all_variants_are_known(site: Site) -> None:
    document = example(StructureType.PRODUCT_LAUNCH)
    other = [{"id": "only-in-b", "label": "x", "href": "#offers"}]
    document["variants"] = {"b": {"sections": {"hero": {"ctas": other}}}}
    site.write(draft(document=document))
    assert send(site, "CTA_CLICK", ctaId="only-in-b").status_code == 202
    assert send(site, "CTA_CLICK", ctaId="hero-buy").status_code == 202


def test_a_machine_that_tells_of_views_without_end_is_not_counted_on(site: Site) -> None:
    site.write()
    answers = [send(site, "CTA_CLICK", ctaId="none") for _ in range(EVENTS_A_MINUTE)]
    assert {answer.status_code for answer in answers} == {400}
    refused(send(site), 429, "rate_limited")
