"""Connect my shop: snippets to copy, and whether something has come."""

from funnelproof.dashboard.visit import Page, Visit
from funnelproof.sdk.script import snippet


async def show(visit: Visit) -> Page:
    seen = await visit.get(f"{visit.api}/conversions", limit=1)
    last = seen["items"][0] if seen["items"] else None
    return Page("connect.html", {"snippet": snippet(visit.public_url), "last": last})
