"""Conversions of a campaign, with what became of each."""

from funnelproof.dashboard.visit import Page, Visit

ASKED = ("disposition", "variantId", "mode", "cursor")


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    asked = {name: visit.query.get(name) or None for name in ASKED}
    listed = await visit.get(f"{visit.api}/conversions", campaignId=visit.campaign_id, limit=50, **asked)
    return Page(
        "conversions.html",
        {"campaign": campaign, "items": listed["items"], "cursor": listed["nextCursor"], "asked": asked},
    )
