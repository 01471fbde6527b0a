"""A campaign's page, from its first draft to a rollback; visitors, and links to its draft."""

from typing import Any
from urllib.parse import urlsplit

from cast import HANDLE, Actor
from funnel import BROWSER
from pages.conftest import SLUG, draft
from shards.conftest import Everything

CAMPAIGN_ID = "new-buyer-funnel"
SITE = f"/v2/handles/{HANDLE}/site-structure/campaigns/{CAMPAIGN_ID}"
PUBLIC_SITE = f"/v2/public/handles/{HANDLE}/site-structure/campaigns/{CAMPAIGN_ID}"
EVENTS = f"/v2/public/handles/{HANDLE}/page-events"
NOBODY = Actor("nobody")


def publish_pages(all_of: Everything) -> None:
    by = all_of.cast.token("pages.*", "links.*", "campaigns.*", "analytics.*")
    body = draft(document={**draft()["document"], "variants": {}})
    all_of.get("/v2/public/schemas/campaign-page/WEBINAR", by=NOBODY)
    all_of.call("PUT", SITE, body, by=by)
    all_of.post(f"{SITE}/publish", by=by)
    all_of.call("PUT", PUBLIC_SITE, {**body, "slug": "another-slug"}, by=by, headers={"If-Match": '"1"'})
    all_of.post(f"{PUBLIC_SITE}/publish", by=by)
    all_of.post(f"{SITE}/publish", {"version": 1}, by=by)
    all_of.get(SITE, by=by)
    all_of.get(PUBLIC_SITE, by=by)
    all_of.get(PUBLIC_SITE, by=NOBODY)
    listed = all_of.get(f"{SITE}/deployments?limit=1", by=by).json()
    all_of.get(f"{SITE}/deployments?limit=1&cursor={listed['nextCursor']}", by=by)
    visit(all_of)
    look_at_drafts(all_of, by)
    all_of.get(f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN_ID}/health", by=by)
    all_of.post(f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN_ID}/test-conversion", {}, by=by)


def visit(all_of: Everything) -> None:
    agent = {"User-Agent": BROWSER}
    clicked = all_of.call("GET", f"/{HANDLE}/buy-now", headers=agent)
    ctx = clicked.headers["location"].partition("ctx=")[2].partition("&")[0]
    all_of.get(f"/{HANDLE}/p/{SLUG}?ctx={ctx}", by=NOBODY)
    seen: dict[str, Any] = {"event": "PAGE_VIEW", "pageSlug": SLUG}
    all_of.post(EVENTS, seen, by=NOBODY, headers=agent)
    all_of.post(EVENTS, {**seen, "ctx": ctx}, by=NOBODY, headers=agent)


def look_at_drafts(all_of: Everything, by: Actor) -> None:
    for kind in ("preview", "share"):
        links = f"{SITE}/{kind}-links"
        made = [all_of.post(links, by=by).json() for _ in range(2)]
        address = urlsplit(made[0]["url"])
        all_of.get(f"{address.path}?{address.query}", by=NOBODY)
        listed = all_of.get(f"{links}?limit=1", by=by).json()
        all_of.get(f"{links}?limit=1&cursor={listed['nextCursor']}", by=by)
        all_of.call("DELETE", f"{links}/{made[0]['linkId']}", by=by)
