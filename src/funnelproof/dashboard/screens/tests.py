"""Test conversions: run them, and the receipts they left."""

from funnelproof.dashboard.visit import Goto, Page, Visit


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    listed = await visit.get(f"{visit.campaign_api}/test-runs", limit=20, cursor=visit.query.get("cursor"))
    return Page("tests.html", {"campaign": campaign, "runs": listed["items"], "cursor": listed["nextCursor"]})


async def _run(visit: Visit) -> Goto:
    wanted = visit.form.get("variantId")
    made = await visit.send("POST", f"{visit.campaign_api}/test-conversion", {"variantId": wanted} if wanted else {})
    return Goto(f"{visit.campaign_here}/tests/{made['runId']}")


ACTS = {"run": _run}
