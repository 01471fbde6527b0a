"""The list of campaigns: status, light, funnel, and what to do next."""

from typing import Any

from funnelproof.dashboard.visit import Page, Visit


async def show(visit: Visit) -> Page:
    asked = {"status": visit.query.get("status") or None, "q": visit.query.get("q") or None}
    listed = await visit.get(f"{visit.api}/campaigns", limit=50, cursor=visit.query.get("cursor"), **asked)
    rows = [{"campaign": one, "next": next_step(one)} for one in listed["items"]]
    return Page("campaigns.html", {"rows": rows, "cursor": listed["nextCursor"], "asked": asked})


def next_step(campaign: dict[str, Any]) -> tuple[str, str] | None:
    """(words of the button, tab); None where a campaign runs as it should."""
    light, status = campaign["health"]["status"], campaign["status"]
    if status == "COMPLETED":
        return ("Read the results", "")
    if not campaign["primarySlug"]:
        return ("Add its link", "/links")
    if light in ("FAIL", "WARN"):
        return ("Fix", "/health")
    if status == "DRAFT":
        return ("Run the test", "/tests")
    return ("Go on", "") if status == "PAUSED" else None
