"""Test conversions: run them, and the receipts they left."""

from collections.abc import AsyncIterator
from typing import Any

from funnelproof.dashboard.inside import Watched
from funnelproof.dashboard.screens.people import names_of
from funnelproof.dashboard.visit import Page, Progress, Visit


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    listed = await visit.get(f"{visit.campaign_api}/test-runs", limit=20, cursor=visit.query.get("cursor"))
    history = await visit.get(f"{visit.campaign_api}/history", limit=50)

    def changed(receipt: dict[str, Any]) -> dict[str, Any] | None:
        """The newest change of the campaign after a test, as far as its history tells of one."""
        since = receipt["finishedAt"] or receipt["startedAt"]
        after = [one for one in history["items"] if one["at"] > since and not one["toStatus"]]
        return after[0] if after else None

    told = {"runs": listed["items"], "cursor": listed["nextCursor"], "people": await names_of(visit)}
    return Page("tests.html", {"campaign": campaign, "changed": changed, **told})


async def _run(visit: Visit) -> Progress:
    """A page that grows by each step; its receipt has an address of its own."""
    campaign = await visit.get(visit.campaign_api)
    wanted = visit.form.get("variantId")
    body = {"variantId": wanted} if wanted else {}
    watched = await visit.watch("POST", f"{visit.campaign_api}/test-conversion", body)
    return Progress("running.html", "_step.html", {"campaign": campaign}, _told(watched))


async def _told(watched: Watched) -> AsyncIterator[dict[str, Any]]:
    async for name, data in watched.events():
        yield {"kind": name, "told": data}


ACTS = {"run": _run}
