"""A campaign day by day: drawings, the table behind them, and the same as CSV."""

from funnelproof.dashboard.charts import days
from funnelproof.dashboard.csv_text import csv_of
from funnelproof.dashboard.visit import Page, Visit

COLUMNS = ("key", "clicks", "qualifiedClicks", "visitors", "converters", "conversions")


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    told = await visit.get(
        f"{visit.api}/analytics",
        campaignId=visit.campaign_id,
        groupBy="day",
        from_=visit.query.get("from") or None,
        to=visit.query.get("to") or None,
    )
    looks = await visit.get(f"{visit.campaign_api}/results/looks", limit=50)
    drawn = {name: days(told["rows"], name) for name in ("visitors", "conversions")}
    csv = csv_of(COLUMNS, ([row[name] for name in COLUMNS] for row in told["rows"]))
    return Page(
        "over_time.html", {"campaign": campaign, "told": told, "drawn": drawn, "csv": csv, "looks": looks["items"]}
    )
