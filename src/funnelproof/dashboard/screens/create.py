"""Create a campaign: first the plan (how long would it take?), then the rest."""

import re
from typing import Any

from funnelproof.dashboard.inside import Refused
from funnelproof.dashboard.visit import Goto, Page, Visit

LIFTS = ("0.05", "0.1", "0.2", "0.3", "0.5")


async def show(visit: Visit) -> Page:
    told = {**visit.query, **visit.form}
    return Page("create.html", {"told": told, "lifts": LIFTS, "plan": await _plan(visit, told)})


async def _plan(visit: Visit, told: dict[str, str]) -> list[dict[str, Any]] | None:
    """What each lift would take, by the API's own sizing; it answers for a campaign, so it needs one to ask about."""
    rate, daily = _number(told.get("rate", "")), _number(told.get("daily", ""))
    if rate is None or daily is None:
        return None
    listed = await visit.get(f"{visit.api}/campaigns", limit=1)
    if not listed["items"]:
        return []
    sizing = f"{visit.api}/campaigns/{listed['items'][0]['campaignId']}/sizing"
    try:
        return [
            {"lift": lift, **await visit.get(sizing, baseline=rate / 100, lift=lift, dailyVisitors=daily)}
            for lift in LIFTS
        ]
    except Refused as refused:
        visit.problem = refused.call.answer
        return None


async def _create(visit: Visit) -> Goto:
    form = visit.form
    name = form.get("name", "").strip()
    rate = _number(form.get("rate", ""))
    variants: list[dict[str, Any]] = [{"variantId": "a", "name": "A", "weight": 50, "control": True}]
    second: dict[str, Any] = {"variantId": "b", "name": "B", "weight": 50}
    if form.get("second", "").strip():
        second["destinationUrl"] = form["second"].strip()
    body: dict[str, Any] = {
        "campaignId": form.get("campaignId", "").strip() or slug_of(name),
        "name": name,
        "goalType": form.get("goalType", "PRODUCT_SALE"),
        "launchPolicy": form.get("launchPolicy", "GUARDED"),
        "primaryLink": {"slug": form.get("slug", "").strip(), "destinationUrl": form.get("destinationUrl", "").strip()},
        "variants": [*variants, second],
    }
    if rate:
        body |= {"expectedRate": rate / 100, "minimumLift": _number(form.get("lift", "")) or 0.1}
    made = await visit.send("POST", f"{visit.api}/campaigns", body)
    return Goto(f"{visit.here}/campaigns/{made['campaignId']}/tests")


def slug_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64]


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


ACTS = {"create": _create}
