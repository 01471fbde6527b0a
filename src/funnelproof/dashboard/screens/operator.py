"""For platform operators: reports to support, and the form that settles one."""

from typing import Any
from urllib.parse import quote

from funnelproof.dashboard.visit import Goto, Page, Visit

OPERATOR = "/v2/operator"
STATUSES = ("OPEN", "SETTLED")


async def queue(visit: Visit, name: str) -> dict[str, Any]:
    """One queue of the three, of the status that was asked for."""
    wanted = visit.query.get("status", "")
    status = wanted if wanted in STATUSES else STATUSES[0]
    listed = await visit.get(f"{OPERATOR}/{name}", status=status, limit=50, cursor=visit.query.get("cursor"))
    own = [part["handle"] for part in (visit.me or {}).get("handles", [])]
    return {"items": listed["items"], "cursor": listed["nextCursor"], "status": status, "own": own}


async def show(visit: Visit) -> Page:
    return Page("operator.html", await queue(visit, "reports"))


async def settle(visit: Visit, name: str) -> Goto:
    wanted = quote(visit.form.get("id", "") or "-", safe="")
    await visit.send("POST", f"{OPERATOR}/{name}/{wanted}/settlement", {"note": visit.form.get("note", "").strip()})
    return Goto(visit.path)


async def _settle(visit: Visit) -> Goto:
    return await settle(visit, "reports")


ACTS = {"settle": _settle}
