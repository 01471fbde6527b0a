"""What one request was: found by the id that every answer, error and row carries."""

from typing import Any
from urllib.parse import quote

from funnelproof.dashboard.screens.people import names_of
from funnelproof.dashboard.visit import Goto, Page, Visit

STAMPED = ("clk_", "cnv_", "lead_")
"""Rows that carry the stamp of the request that made them."""


async def show(visit: Visit) -> Page | Goto:
    asked = visit.query.get("id", "").strip()
    if asked:
        return Goto(f"{visit.here}/requests/{quote(_request_of(asked), safe='')}")
    wanted = visit.parts.get("request", "")
    if not wanted:
        return Page("request.html", {"wanted": "", "found": None})
    call = await visit.ask("GET", f"{visit.api}/requests/{quote(wanted, safe='')}")
    if call.is_refused:
        return Page("request.html", {"wanted": wanted, "found": None, "refusal": call.answer}, call.status)
    return Page("request.html", {"wanted": wanted, "found": call.answer, **await _around(visit, call.answer)})


def _request_of(named: str) -> str:
    prefix, _, stamp = named.partition("_")
    return f"req_{stamp}" if f"{prefix}_" in STAMPED else named


async def _around(visit: Visit, found: dict[str, Any]) -> dict[str, Any]:
    """What it touched, with addresses; what was asked, for those who may read the audit; what a report begins with."""
    lines = await _audited(visit, found["requestId"])
    objects = [await _placed(visit, one["kind"], one["id"]) for one in found["objects"]]
    for line in lines:
        objects += _named(visit, line["objects"])
    return {"lines": lines, "objects": objects, "report": _report(found), "people": await names_of(visit)}


async def _audited(visit: Visit, request_id: str) -> list[dict[str, Any]]:
    if not visit.is_at_least("OPERATOR"):
        return []
    listed: dict[str, Any] = await visit.get(f"{visit.api}/audit", requestId=request_id, limit=20)
    return list(listed["items"])


async def _placed(visit: Visit, kind: str, name: str) -> tuple[str, str, str | None]:
    if kind != "conversion":
        return kind, name, None
    told = await visit.find(f"{visit.api}/conversions/{quote(name, safe='')}")
    campaign = told and told.get("campaignId")
    return kind, name, f"{visit.here}/campaigns/{quote(campaign, safe='')}/conversions/{name}" if campaign else None


def _named(visit: Visit, objects: dict[str, str]) -> list[tuple[str, str, str | None]]:
    """(what, its name, its screen) of the objects that an audit line names."""
    campaign = objects.get("campaignId")
    one = f"{visit.here}/campaigns/{quote(campaign, safe='')}" if campaign else None
    screens = {"campaignId": one, "runId": one and f"{one}/tests/{objects.get('runId')}"}
    return [(name.removesuffix("Id"), value, screens.get(name)) for name, value in objects.items() if name != "handle"]


def _report(found: dict[str, Any]) -> dict[str, str]:
    """The support form filled in: what is known already need not be typed."""
    told = {"requestId": found["requestId"]}
    if found["route"]:
        answered = f"answered {found['status']}" + (f" {found['error']}" if found["error"] else "")
        told["summary"] = f"{found['method']} {found['route']} {answered}"[:200]
    if found["objects"]:
        told["reproArtifact"] = found["objects"][0]["id"]
    return told
