"""A campaign's links: short address, QR, where they lead."""

import re
from typing import Any

import segno

from funnelproof.dashboard.visit import Goto, Page, Visit

TAGS = ("utmSource", "utmMedium", "utmCampaign")
SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    items = await of_campaign(visit)
    codes = {link["slug"]: code(link["url"]) for link in items}
    return Page("links.html", {"campaign": campaign, "items": items, "codes": codes})


async def of_campaign(visit: Visit) -> list[dict[str, Any]]:
    listed = await visit.get(f"{visit.api}/links", limit=200)
    return [link for link in listed["items"] if link["campaignId"] == visit.campaign_id]


def code(url: str) -> dict[str, Any]:
    """A QR code as rectangles of one row each, so that no style of its own is needed."""
    matrix = segno.make(url, error="m").matrix
    cells = [(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark]
    return {"size": len(matrix) + 8, "path": "".join(f"M{x + 4} {y + 4}h1v1h-1z" for x, y in cells)}


async def _make(visit: Visit) -> Goto:
    form = visit.form
    slug = form.get("slug", "").strip()
    tracking = {name: form[name].strip() for name in TAGS if form.get(name, "").strip()}
    body = {
        "destinationUrl": form.get("destinationUrl", "").strip(),
        "campaignId": visit.campaign_id,
        "title": form.get("title", "").strip() or None,
        "tracking": tracking,
    }
    await visit.send("PUT", f"{visit.api}/links/{slug if SLUG.fullmatch(slug) else '-'}", body)
    campaign = await visit.get(visit.campaign_api)
    if campaign["primarySlug"] is None:
        await visit.send("PATCH", visit.campaign_api, {"primarySlug": slug})
    return Goto(visit.path)


async def _switch(visit: Visit) -> Goto:
    slug = visit.form.get("slug", "")
    link = await visit.get(f"{visit.api}/links/{slug if SLUG.fullmatch(slug) else '-'}")
    link["enabled"] = visit.form.get("enabled") == "yes"
    await visit.send("PUT", f"{visit.api}/links/{slug}", link)
    return Goto(visit.path)


ACTS = {"make": _make, "switch": _switch}
