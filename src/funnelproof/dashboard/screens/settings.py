"""What of a campaign may be changed."""

from typing import Any

from funnelproof.dashboard.visit import Goto, Page, Visit

NUMBERS = ("attributionWindowDays", "receiptTtlHours")
WORDS = ("name", "countingRule", "launchPolicy")
SHARES = ("expectedRate", "minimumLift")


async def show(visit: Visit) -> Page:
    return Page("settings.html", {"campaign": await visit.get(visit.campaign_api)})


async def _save(visit: Visit) -> Goto:
    form, change = visit.form, dict[str, Any]()
    change |= {name: form[name] for name in WORDS if name in form}
    change |= {name: int(form[name]) if form[name].isdecimal() else form[name] for name in NUMBERS if form.get(name)}
    change |= {name: _share(form[name]) for name in SHARES if name in form}
    tags = form.get("tags", "").replace(",", " ").split()
    change["tagPolicy"] = {"required": tags} if tags else None
    if form.get("reason", "").strip():
        change["reason"] = form["reason"].strip()
    await visit.send("PATCH", visit.campaign_api, change, if_match=form.get("etag") or None)
    return Goto(visit.path)


def _share(text: str) -> Any:
    """Per cent as people write it, as a fraction; what is no number is for the API to refuse."""
    try:
        return round(float(text.replace(",", ".")) / 100, 10) if text.strip() else None
    except ValueError:
        return text


async def _delete(visit: Visit) -> Goto:
    await visit.send("DELETE", visit.campaign_api)
    return Goto(visit.here)


ACTS = {"save": _save, "delete": _delete}
