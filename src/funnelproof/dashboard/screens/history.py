"""What was done to a campaign, by whom, and why."""

from funnelproof.dashboard.screens.people import names_of
from funnelproof.dashboard.visit import Page, Visit


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    listed = await visit.get(f"{visit.campaign_api}/history", limit=50, cursor=visit.query.get("cursor"))
    people = await names_of(visit)
    return Page(
        "history.html",
        {"campaign": campaign, "items": listed["items"], "cursor": listed["nextCursor"], "people": people},
    )
