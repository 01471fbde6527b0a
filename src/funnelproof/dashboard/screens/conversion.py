"""One conversion, and why it counted or did not."""

from urllib.parse import quote

from funnelproof.dashboard.visit import Page, Visit


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    story = await visit.get(f"{visit.api}/conversions/{quote(visit.parts['conversion'], safe='')}")
    return Page("conversion.html", {"campaign": campaign, "story": story})
