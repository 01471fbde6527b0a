"""Every write of the handle, and how many are left today."""

from funnelproof.dashboard.screens.people import names_of
from funnelproof.dashboard.visit import Page, Visit


async def show(visit: Visit) -> Page:
    usage = await visit.get(f"{visit.api}/usage-meters")
    if not visit.is_at_least("OPERATOR"):
        return Page("audit.html", {"usage": usage, "items": None, "cursor": None, "people": {}})
    listed = await visit.get(f"{visit.api}/audit", limit=50, cursor=visit.query.get("cursor"))
    people = await names_of(visit)
    return Page(
        "audit.html", {"usage": usage, "items": listed["items"], "cursor": listed["nextCursor"], "people": people}
    )
