"""The first screen after signing in: one's handle, or a choice among several."""

from funnelproof.dashboard.visit import Goto, Page, Visit


async def show(visit: Visit) -> Page | Goto:
    parts = (visit.me or {}).get("handles", [])
    if len(parts) == 1:
        return Goto(f"/app/{parts[0]['handle']}")
    return Page("start.html", {"handles": parts})
