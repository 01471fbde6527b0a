"""Health: each check with its evidence and its remedy."""

from funnelproof.dashboard.visit import Page, Visit

ORDER = {"FAIL": 0, "WARN": 1, "UNKNOWN": 2, "PASS": 3}


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    health = await visit.get(f"{visit.campaign_api}/health")
    checks = sorted(health["checks"], key=lambda check: ORDER[check["status"]])
    return Page("health.html", {"campaign": campaign, "health": health, "checks": checks})
