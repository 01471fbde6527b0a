"""Tokens of the handle: made, shown once, revoked."""

from urllib.parse import quote

from funnelproof.access.roles import SCOPES
from funnelproof.dashboard.visit import Goto, Page, Visit


async def show(visit: Visit) -> Page:
    may = visit.is_at_least("OPERATOR")
    listed = await visit.get(f"{visit.api}/tokens") if may else None
    return Page("tokens.html", {"items": listed["items"] if listed else None, "scopes": SCOPES, "made": None})


async def _make(visit: Visit) -> Page:
    body = {"name": visit.form.get("name", ""), "scopes": visit.form.get("scopes", "").split()}
    made = await visit.send("POST", f"{visit.api}/tokens", body)
    shown = await show(visit)
    return shown._replace(values={**shown.values, "made": made})


async def _revoke(visit: Visit) -> Goto:
    await visit.send("DELETE", f"{visit.api}/tokens/{quote(visit.form.get('tokenId', ''), safe='')}")
    return Goto(visit.path)


ACTS = {"make": _make, "revoke": _revoke}
