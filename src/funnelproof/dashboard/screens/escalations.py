"""For platform operators: what they hand on among themselves."""

from funnelproof.dashboard.screens import operator
from funnelproof.dashboard.visit import Goto, Page, Visit

NAMES = ("summary", "details", "urgency", "reportId")


async def show(visit: Visit) -> Page:
    given = {name: visit.query.get(name, "") for name in NAMES}
    return Page("escalations.html", {**await operator.queue(visit, "escalations"), "given": given})


async def _escalate(visit: Visit) -> Goto:
    told = {name: visit.form[name].strip() for name in NAMES if visit.form.get(name, "").strip()}
    await visit.send("POST", f"{operator.OPERATOR}/escalations", told)
    return Goto(visit.path)


async def _settle(visit: Visit) -> Goto:
    return await operator.settle(visit, "escalations")


ACTS = {"escalate": _escalate, "settle": _settle}
