"""A campaign's overview: what came in, what the test says, what may be done next."""

from datetime import datetime
from typing import Any

from funnelproof.dashboard.charts import Forest, forest, lights
from funnelproof.dashboard.csv_text import csv_of
from funnelproof.dashboard.screens.people import names_of
from funnelproof.dashboard.visit import Goto, Page, Visit

COLUMNS = ("variant", "visitors", "converters", "rate", "low", "high")
MOVES = {
    "DRAFT": ("ACTIVE",),
    "ACTIVE": ("PAUSED", "COMPLETED"),
    "PAUSED": ("ACTIVE", "DRAFT", "COMPLETED"),
    "COMPLETED": (),
}
SHOWN_CHANGES = 12
WHERE = {
    "receipts": ("Run the test", "/tests"),
    "walks": ("Walk it", "/tests"),
    "primary_link": ("Add the link", "/links"),
    "traffic_tags": ("See the links", "/links"),
    "destination": ("See the links", "/links"),
    "split": ("See the variants", "/variants"),
    "page_published": ("Open the page", "/page"),
}


async def figures(visit: Visit) -> dict[str, Any]:
    """The live part of the screen."""
    campaign = await visit.get(visit.campaign_api)
    since = datetime.fromisoformat(campaign["createdAt"]).astimezone(visit.zone).date()
    told = await visit.get(
        f"{visit.api}/analytics", campaignId=visit.campaign_id, groupBy="variant", from_=since.isoformat()
    )
    results = await visit.get(f"{visit.campaign_api}/results")
    names = {variant["variantId"]: variant["name"] for variant in campaign["variants"]}
    rates, ahead = ranges(results)
    plots = {"rates": rates, "ahead": ahead}
    return {
        "campaign": campaign,
        "totals": told["totals"],
        "results": results,
        "names": names,
        "plots": plots,
        "csv": results_csv(results),
    }


def results_csv(results: dict[str, Any]) -> str:
    rows = [
        (one["variantId"], one["visitors"], one["converters"], one["rate"], *(one["rateInterval"] or ("", "")))
        for one in results["variants"]
    ]
    return csv_of(COLUMNS, rows)


def ranges(results: dict[str, Any]) -> tuple[Forest | None, Forest | None]:
    """Drawings of each variant's rate, and of each difference as it may be trusted any time one looks."""
    rates = [
        (one["variantId"].upper(), one["rateInterval"][0], one["rate"], one["rateInterval"][1])
        for one in results["variants"]
        if one["rateInterval"] and one["rate"] is not None
    ]
    ahead = [
        (f"{one['variantId'].upper()} − {one['against'].upper()}", low, one["difference"], high)
        for one in results["comparisons"]
        if one["difference"] is not None and one["alwaysValidInterval"]
        for low, high in [one["alwaysValidInterval"]]
    ]
    return forest(rates), forest(ahead, around_zero=True)


async def show(visit: Visit) -> Page:
    told = await figures(visit)
    health = await visit.get(f"{visit.campaign_api}/health")
    plan = await visit.get(f"{visit.campaign_api}/sizing")
    changes = (await visit.get(f"{visit.campaign_api}/health/changes", limit=100))["items"]
    lately = {"changes": changes[:SHOWN_CHANGES], "lights": lights(changes, health["checkedAt"])}
    people = await names_of(visit)
    moves = MOVES[told["campaign"]["status"]]
    shown = {"health": health, "plan": plan, "moves": moves, "where": WHERE, "people": people}
    return Page("campaign.html", {**told, **lately, **shown})


def _override(visit: Visit) -> dict[str, Any]:
    reason = visit.form.get("reason", "").strip()
    told: dict[str, Any] = {"reason": reason} if reason else {}
    return {**told, "override": True} if visit.form.get("override") else told


async def _move(visit: Visit) -> Goto:
    await visit.send("POST", f"{visit.campaign_api}/transitions", {"to": visit.form.get("to", ""), **_override(visit)})
    return Goto(visit.campaign_here)


async def ramp(visit: Visit) -> Goto:
    asked = visit.form.get("rampPercent", "")
    percent: Any = int(asked) if asked.isdecimal() else asked
    await visit.send("POST", f"{visit.campaign_api}/ramp", {"rampPercent": percent, **_override(visit)})
    return Goto(visit.path)


async def _copy(visit: Visit) -> Goto:
    made = await visit.send("POST", f"{visit.campaign_api}/copies", {"campaignId": visit.form.get("campaignId", "")})
    return Goto(f"{visit.here}/campaigns/{made['campaignId']}")


ACTS = {"move": _move, "ramp": ramp, "copy": _copy}
