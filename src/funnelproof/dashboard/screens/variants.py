"""Variants: weights, the ramp, and the decision that ends a test, with its undoing."""

from typing import Any

from funnelproof.dashboard.screens.campaign import ramp
from funnelproof.dashboard.visit import Goto, Page, Visit

FIELDS = ("variantId", "name", "weight", "destinationUrl", "control", "enabled")


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    results = await visit.get(f"{visit.campaign_api}/results")
    decision = await visit.find(f"{visit.campaign_api}/decision")
    return Page("variants.html", {"campaign": campaign, "results": results, "decision": decision})


async def _save(visit: Visit) -> Goto:
    campaign = await visit.get(visit.campaign_api)
    variants = [_changed(variant, visit.form) for variant in campaign["variants"]]
    new = visit.form.get("new.variantId", "").strip()
    if new:
        made = {"variantId": new, "weight": _weight(visit.form.get("new.weight", "0"))}
        address = visit.form.get("new.destinationUrl", "").strip()
        variants.append({**made, "destinationUrl": address} if address else made)
    await visit.send("PATCH", visit.campaign_api, {"variants": variants}, if_match=visit.form.get("etag") or None)
    return Goto(visit.path)


def _changed(variant: dict[str, Any], form: dict[str, str]) -> dict[str, Any]:
    own = variant["variantId"]
    told = {name: variant[name] for name in FIELDS}
    if f"{own}.weight" in form:
        told["name"] = form.get(f"{own}.name", variant["name"])
        told["weight"] = _weight(form[f"{own}.weight"])
        told["destinationUrl"] = form.get(f"{own}.destinationUrl", "").strip() or None
    return told


def _weight(text: str) -> Any:
    return int(text) if text.isdecimal() else text


async def _decide(visit: Visit) -> Goto:
    body = {"variantId": visit.form.get("variantId", ""), "reason": visit.form.get("reason", "")}
    await visit.send("POST", f"{visit.campaign_api}/decision", body)
    return Goto(visit.path)


async def _undo(visit: Visit) -> Goto:
    await visit.send("DELETE", f"{visit.campaign_api}/decision")
    return Goto(visit.path)


async def _close_alarm(visit: Visit) -> Goto:
    await visit.send("POST", f"{visit.campaign_api}/results/alarm/close", {"reason": visit.form.get("reason", "")})
    return Goto(visit.path)


ACTS = {"close-alarm": _close_alarm, "save": _save, "ramp": ramp, "decide": _decide, "undo": _undo}
