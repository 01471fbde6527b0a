"""The list of campaigns: status, light, funnel, and what to do next."""

from typing import Any

from funnelproof.dashboard.charts import spark
from funnelproof.dashboard.visit import Page, Visit

SHOWN_SPARKS = 12


async def show(visit: Visit) -> Page:
    asked = {"status": visit.query.get("status") or None, "q": visit.query.get("q") or None}
    listed = await visit.get(f"{visit.api}/campaigns", limit=50, cursor=visit.query.get("cursor"), **asked)
    sparks = {
        one["campaignId"]: await _spark(visit, one["campaignId"])
        for one in listed["items"][:SHOWN_SPARKS]
        if one["funnel"]["clicks"]
    }
    rows = [{"campaign": one, "next": next_step(one)} for one in listed["items"]]
    return Page("campaigns.html", {"rows": rows, "sparks": sparks, "cursor": listed["nextCursor"], "asked": asked})


async def _spark(visit: Visit, campaign_id: str) -> str:
    told = await visit.get(f"{visit.api}/analytics", campaignId=campaign_id, groupBy="day")
    return spark(told["rows"], "conversions")


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
