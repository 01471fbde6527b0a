"""Where one wants to go, typed: screens, campaigns, a tab of a campaign (`buyer health`), a request by its id."""

from typing import Any, NamedTuple
from urllib.parse import quote

from funnelproof.dashboard.visit import Page, Visit

FOUND_AT_MOST = 8
IDS = ("req_", "clk_", "cnv_", "lead_")


class Place(NamedTuple):
    name: str
    within: str
    path: str


async def show(visit: Visit) -> Page:
    wanted = visit.query.get("q", "").strip()[:200]
    template = "_places.html" if "part" in visit.query else "go.html"
    return Page(template, {"wanted": wanted, "places": await _places(visit, wanted)})


async def _places(visit: Visit, wanted: str) -> list[Place]:
    if wanted.startswith(IDS):
        return [Place(wanted, "request", f"{visit.here}/requests?id={quote(wanted, safe='')}")]
    found = [*await _in_campaigns(visit, wanted), *_of_handle(visit, wanted)]
    return found[: 2 * FOUND_AT_MOST]


def _of_handle(visit: Visit, wanted: str) -> list[Place]:
    from funnelproof.dashboard.table import HANDLE_TABS

    places = [(f"{visit.here}{path}", name) for path, name in (*HANDLE_TABS, ("/new", "New campaign"))]
    places.append((f"{visit.here}/requests", "Requests"))
    if (visit.me or {}).get("platformOperator"):
        places.append(("/app/operator", "Operator"))
    return [Place(name, visit.handle, path) for path, name in places if wanted.lower() in name.lower()]


async def _in_campaigns(visit: Visit, wanted: str) -> list[Place]:
    """Campaigns whose names hold what is typed; or, if its last word begins a tab's name, that tab of those."""
    campaigns = await _find(visit, wanted)
    name, _, last = wanted.rpartition(" ")
    tabs = _tabs(last) if last else []
    if not tabs or (campaigns and not name):
        return [Place(one["name"], "campaign", _address(visit, one)) for one in campaigns]
    named = await _find(visit, name) if name else await _find(visit, "")
    return [Place(tab, one["name"], _address(visit, one) + path) for one in named for path, tab in tabs]


def _tabs(begun: str) -> list[tuple[str, str]]:
    from funnelproof.dashboard.table import CAMPAIGN_TABS

    tabs = (*CAMPAIGN_TABS, ("/sheet", "Pre-launch sheet"), ("/readout", "Readout"))
    return [tab for tab in tabs if tab[1].lower().startswith(begun.lower())]


async def _find(visit: Visit, name: str) -> list[dict[str, Any]]:
    listed: dict[str, Any] = await visit.get(f"{visit.api}/campaigns", limit=FOUND_AT_MOST, q=name or None)
    return list(listed["items"])


def _address(visit: Visit, campaign: dict[str, Any]) -> str:
    return f"{visit.here}/campaigns/{quote(campaign['campaignId'], safe='')}"
