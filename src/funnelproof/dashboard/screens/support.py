"""Hand something over to support, with what it rests on."""

from funnelproof.dashboard.visit import Page, Visit

NAMES = ("summary", "details", "requestId", "runId", "reproArtifact")


async def show(visit: Visit) -> Page:
    given = {name: visit.query.get(name, "") for name in NAMES}
    return Page("support.html", {"given": given, "made": None})


async def _send(visit: Visit) -> Page:
    told = {name: visit.form[name].strip() for name in NAMES if visit.form.get(name, "").strip()}
    made = await visit.send(
        "POST", "/v2/support/report", {**told, "handle": visit.place["handle"] if visit.place else None}
    )
    return Page("support.html", {"given": dict.fromkeys(NAMES, ""), "made": made})


ACTS = {"send": _send}
