"""Before the launch, on one sheet that can be printed: what is proven, what is missing, previews, links, plan, who."""

from typing import Any, NamedTuple

from funnelproof.dashboard.screens.links import code, of_campaign
from funnelproof.dashboard.screens.people import names_of
from funnelproof.dashboard.visit import Goto, Page, Visit


class Point(NamedTuple):
    """One thing that should be so before a launch; `tab` is where it is mended."""

    name: str
    is_done: bool
    told: str
    tab: str


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    health = await visit.get(f"{visit.campaign_api}/health")
    plan = await visit.get(f"{visit.campaign_api}/sizing")
    runs = await visit.get(f"{visit.campaign_api}/test-runs", limit=100)
    walks = await visit.get(f"{visit.campaign_api}/walks", limit=50)
    history = await visit.get(f"{visit.campaign_api}/history", limit=50)
    links = await of_campaign(visit)
    previews = await _previews(visit, campaign)
    launched = next((one for one in history["items"] if one["toStatus"] == "ACTIVE"), None)
    told = {
        "campaign": campaign,
        "points": [*_set_up(health, plan), *_proofs(campaign, runs["items"], walks["items"])],
        "links": links,
        "previews": previews,
        "codes": {one["url"]: code(one["url"]) for one in (*links, *previews)},
        "plan": plan,
        "launched": launched,
        "people": await names_of(visit),
    }
    return Page("sheet.html", told)


def _set_up(health: dict[str, Any], plan: dict[str, Any]) -> list[Point]:
    checks = {check["id"]: check for check in health["checks"]}
    failing = [check["title"] for check in health["checks"] if check["status"] == "FAIL"]
    link, page = checks.get("primary_link"), checks.get("page_published")
    points = [Point("link", bool(link and link["status"] == "PASS"), link["title"] if link else "No link.", "/links")]
    if page:
        points.append(Point("page", page["status"] == "PASS", page["title"], "/page"))
    is_planned = plan["reason"] != "no_plan"
    points.append(
        Point("plan", is_planned, plan["sentence"] if is_planned else "Nobody has said how many days.", "/settings")
    )
    points.append(Point("health", not failing, " ".join(failing) or "No check fails.", "/health"))
    return points


def _proofs(campaign: dict[str, Any], runs: list[dict[str, Any]], walks: list[dict[str, Any]]) -> list[Point]:
    """For each variant that visitors can enter: a fresh green receipt, and a walk that came back."""
    tested = {
        variant["variantId"]
        for run in runs
        if run["fresh"]
        for variant in run["variants"]
        if variant["verdict"] == "PASS" and run["opensGate"]
    }
    walked = {walk["variantId"] for walk in walks if walk["state"] == "RETURNED" and walk["fresh"]}
    names = [one["variantId"] for one in campaign["variants"] if one["weight"]] or [None]
    points = []
    for name in names:
        of = f" {name.upper()}" if name else ""
        done = ("Tested as it stands now.", "No fresh receipt.")[name not in tested]
        points.append(Point(f"test{of}", name in tested, done, "/tests"))
    for name in names:
        of = f" {name.upper()}" if name else ""
        done = ("An order came back from the shop.", "No order has come back from the shop.")[name not in walked]
        points.append(Point(f"walk{of}", name in walked, done, "/walks"))
    return points


async def _previews(visit: Visit, campaign: dict[str, Any]) -> list[dict[str, Any]]:
    """The newest open one of each variant."""
    if campaign["primarySlug"] is None:
        return []
    listed = await visit.get(f"{visit.api}/links/{campaign['primarySlug']}/preview-links", limit=50)
    newest = {one["variantId"]: one for one in reversed(listed["items"])}
    return [newest[name] for name in sorted(newest, key=str)]


async def _preview(visit: Visit) -> Goto:
    campaign = await visit.get(visit.campaign_api)
    path = f"{visit.api}/links/{campaign['primarySlug'] or '-'}/preview-links"
    for body in [{"variantId": one["variantId"]} for one in campaign["variants"]] or [{}]:
        await visit.send("POST", path, body)
    return Goto(visit.path)


ACTS = {"preview": _preview}
