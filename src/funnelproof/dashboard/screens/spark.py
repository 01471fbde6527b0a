"""Conversions of a campaign's last 30 days as a small picture: the list shows at once, and these come after it."""

from funnelproof.dashboard.charts import spark
from funnelproof.dashboard.visit import Page, Visit


async def show(visit: Visit) -> Page:
    told = await visit.get(f"{visit.api}/analytics", campaignId=visit.campaign_id, groupBy="day")
    return Page("spark.svg", {"points": spark(told["rows"], "conversions")})
