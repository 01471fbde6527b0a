"""Webhooks of the handle: made, tried out, taken back; what was sent to each. And who is told by mail or chat."""

from typing import Any
from urllib.parse import quote

from funnelproof.dashboard.visit import Goto, Page, Visit
from funnelproof.notifications.webhook import Event

KINDS = (
    ("HEALTH", "a funnel breaks, or works again"),
    ("VERDICT", "a verdict changes"),
    ("LAUNCH", "a start is kept back"),
    ("WEEKLY", "the week that was, on Monday morning"),
)


async def show(visit: Visit) -> Page:
    told: dict[str, Any] = {"items": None, "events": [event.value for event in Event], "made": None, "deliveries": {}}
    told |= {"kinds": KINDS, "tries": None}
    if visit.is_at_least("OPERATOR"):
        told["alerts"] = await visit.get(f"{visit.api}/alerts")
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


async def _tell(visit: Visit) -> Goto:
    chat = visit.form.get("chatUrl", "").strip()
    body: dict[str, Any] = {
        "mails": visit.form.get("mails", "").replace(",", " ").split(),
        "kinds": visit.form.get("kinds", "").split(),
    }
    if chat or visit.form.get("noChat"):
        body["chatUrl"] = chat or None
    await visit.send("PUT", f"{visit.api}/alerts", body)
    return Goto(visit.path)


async def _try_alerts(visit: Visit) -> Page:
    told = await visit.send("POST", f"{visit.api}/alerts/test", {})
    shown = await show(visit)
    return shown._replace(values={**shown.values, "tries": told["tries"]})


def _one(visit: Visit) -> str:
    return f"{visit.api}/webhooks/{quote(visit.form.get('webhookId', ''), safe='')}"


ACTS = {"make": _make, "try": _try, "remove": _remove, "tell": _tell, "try_alerts": _try_alerts}
