"""Looking at a draft by a link: signed, for a while, until it is revoked; and nothing of it ever counts."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from cast import HANDLE, Cast, refused
from funnel import CAMPAIGN, Funnel
from funnelproof.clock import DAY, HOUR, SECOND, SetClock
from pages.conftest import SITE, Site, draft

LINKS = {"preview": f"{SITE}/{CAMPAIGN}/preview-links", "share": f"{SITE}/{CAMPAIGN}/share-links"}


def make(site: Site, kind: str) -> tuple[dict[str, Any], str]:
    """The link, and its address without the host."""
    made = site.client.post(LINKS[kind], by=site.by)
    assert made.status_code == 201, made.text
    parts = urlsplit(made.json()["url"])
    return made.json(), f"{parts.path}?{parts.query}"


@pytest.mark.parametrize(("kind", "life"), [("preview", HOUR), ("share", 30 * DAY)])
def test_a_link_shows_the_draft_as_it_stands_until_it_runs_out(
    site: Site, clock: SetClock, kind: str, life: int
) -> None:
    site.put()
    _, address = make(site, kind)
    shown = site.client.get(address)
    assert (shown.status_code, shown.headers["x-robots-tag"], shown.headers["cache-control"]) == (
        200,
        "noindex",
        "no-store",
    )
    assert "Preview of a draft" in shown.text
    site.put(draft(title="Later"), if_match='"1"')
    assert "<title>Later</title>" in site.client.get(address).text
    assert "A lamp in an envelope" in site.client.get(f"{address}&fp_variant=b").text
    assert "A lamp for Germany" in site.client.get(f"{address}&fp_region=DE").text
    clock.advance(life - SECOND)
    assert site.client.get(address).status_code == 200
    clock.advance(SECOND)
    refused(site.client.get(address), 404, "not_found")


def test_a_revoked_link_shows_nothing(site: Site) -> None:
    site.put()
    link, address = make(site, "preview")
    listed = site.client.get(LINKS["preview"], by=site.by).json()["items"]
    assert [(own["linkId"], own["url"], own["revokedAt"]) for own in listed] == [(link["linkId"], None, None)]
    path = f"{LINKS['preview']}/{link['linkId']}"
    refused(site.client.delete(f"{LINKS['share']}/{link['linkId']}", by=site.by), 404, "not_found")
    assert site.client.delete(path, by=site.by).status_code == 204
    refused(site.client.get(address), 404, "not_found")
    assert site.client.get(LINKS["preview"], by=site.by).json()["items"][0]["revokedAt"]


def test_a_token_that_is_not_ours_shows_nothing(site: Site) -> None:
    site.put()
    _, address = make(site, "preview")
    refused(site.client.get(address[:-1] + ("A" if address[-1] != "A" else "B")), 404, "not_found")
    refused(site.client.get(address.replace("/p/preview", "/p/share")), 404, "not_found")
    refused(site.client.get(address.replace(HANDLE, "elsewhere")), 404, "not_found")
    refused(site.client.get(f"/{HANDLE}/p/preview"), 404, "not_found")


def test_nothing_of_a_preview_counts(site: Site, funnel: Funnel) -> None:
    site.write()
    _, address = make(site, "preview")
    html = site.client.get(address).text
    assert "/_fp/page.js" not in html
    found = re.search(r'one\?ctx=([^"]+)"', html)
    assert found
    order = funnel.convert(found[1], value="49.90")
    assert order["mode"] == "test"
    body = {"event": "PAGE_VIEW", "pageSlug": "dhoop-lamp", "ctx": found[1]}
    path = f"/v2/public/handles/{HANDLE}/page-events"
    told = site.client.post(path, body, headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140"})
    assert told.json()["status"] == "NOT_COUNTED"
    totals = site.client.get(f"/v2/handles/{HANDLE}/analytics?campaignId={CAMPAIGN}", by=site.by).json()["totals"]
    assert (totals["conversions"], totals["pageViews"], totals["revenue"]) == (0, 0, [])


def test_share_links_are_made_by_operators(site: Site, cast: Cast) -> None:
    site.put()
    refused(site.client.post(LINKS["share"], by=cast.teammate), 403, "insufficient_role")
    assert site.client.post(LINKS["preview"], by=cast.teammate).status_code == 201


def test_there_is_no_link_to_a_page_that_is_not_written(site: Site) -> None:
    refused(site.client.post(LINKS["preview"], by=site.by), 404, "not_found")


@pytest.mark.parametrize(("kind", "framed_by"), [("preview", "http://127.0.0.1:8080"), ("share", "'none'")])
def test_a_preview_may_be_framed_by_the_dashboard_alone(site: Site, kind: str, framed_by: str) -> None:
    site.put()
    _, address = make(site, kind)
    policy = site.client.get(address).headers["content-security-policy"].split("; ")
    assert f"frame-ancestors {framed_by}" in policy
    assert "default-src 'none'" in policy
