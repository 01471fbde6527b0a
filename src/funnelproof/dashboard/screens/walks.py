"""Walk it yourself: a test link for a phone, and the order that the shop sends back."""

from funnelproof.dashboard.screens.links import code
from funnelproof.dashboard.visit import Goto, Page, Visit


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    listed = await visit.get(f"{visit.campaign_api}/walks", limit=20, cursor=visit.query.get("cursor"))
    codes = {walk["walkId"]: code(walk["url"]) for walk in listed["items"] if walk["state"] in ("BEGUN", "OPENED")}
    told = {"campaign": campaign, "items": listed["items"], "cursor": listed["nextCursor"], "codes": codes}
    return Page("walks.html", told)


async def _begin(visit: Visit) -> Goto:
    wanted = visit.form.get("variantId")
    await visit.send("POST", f"{visit.campaign_api}/walks", {"variantId": wanted} if wanted else {})
    return Goto(visit.path)


ACTS = {"begin": _begin}
