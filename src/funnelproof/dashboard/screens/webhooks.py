"""Webhooks of the handle: made, tried out, taken back; what was sent to each."""

from typing import Any
from urllib.parse import quote

from funnelproof.dashboard.visit import Goto, Page, Visit
from funnelproof.notifications.webhook import Event


async def show(visit: Visit) -> Page:
    told: dict[str, Any] = {"items": None, "events": [event.value for event in Event], "made": None, "deliveries": {}}
    if visit.is_at_least("OPERATOR"):
        listed = await visit.get(f"{visit.api}/webhooks")
        told["items"] = listed["items"]
        told["deliveries"] = {
            one["webhookId"]: (await visit.get(f"{visit.api}/webhooks/{one['webhookId']}/deliveries", limit=5))["items"]
            for one in listed["items"]
        }
    return Page("webhooks.html", told)


async def _make(visit: Visit) -> Page:
    body = {"url": visit.form.get("url", "").strip(), "events": visit.form.get("events", "").split()}
    made = await visit.send("POST", f"{visit.api}/webhooks", body)
    shown = await show(visit)
    return shown._replace(values={**shown.values, "made": made})


async def _try(visit: Visit) -> Goto:
    await visit.send("POST", f"{_one(visit)}/test", {})
    return Goto(visit.path)


async def _remove(visit: Visit) -> Goto:
    await visit.send("DELETE", _one(visit))
    return Goto(visit.path)


def _one(visit: Visit) -> str:
    return f"{visit.api}/webhooks/{quote(visit.form.get('webhookId', ''), safe='')}"


ACTS = {"make": _make, "try": _try, "remove": _remove}
