"""The week that was, of each running campaign of a handle, from its counters."""

from collections.abc import Sequence
from datetime import date, timedelta

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign, CampaignStatus
from funnelproof.clock import Micros
from funnelproof.health.checks.words import many
from funnelproof.health.watch import lights_of
from funnelproof.money import decimal_text
from funnelproof.results import subject
from funnelproof.results.weigh import weigh
from funnelproof.storage.database import Row, Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import ALL
from funnelproof.worlds.world import LIVE

MOST = 50
TO_COMPARE = 2


def week_of(tx: Transaction, handle: str, monday: str, *, now: Micros) -> str | None:
    """The seven local days before this Monday, whenever it is told; None if no campaign runs."""
    running = campaigns.page(tx, handle, before=None, limit=MOST, status=CampaignStatus.ACTIVE.value)
    if not running:
        return None
    first, last = (date.fromisoformat(monday) - timedelta(days=back) for back in (7, 1))
    between = (first.isoformat(), last.isoformat())
    lights = lights_of(tx, handle, running, now=now)
    parts = [
        "\n".join([own.name, *_figures(tx, own, between), f"Health: {light.status}.", *_verdict(tx, own, now)])
        for own, light in zip(running, lights, strict=True)
    ]
    return "\n\n".join([f"{first:%d %B} to {last:%d %B %Y}", *parts])


def _figures(tx: Transaction, campaign: Campaign, between: tuple[str, str]) -> list[str]:
    own = campaign.campaign_id
    rows = tallies.days(tx, handle=campaign.handle, worlds=[LIVE], campaign_id=own, dimension=ALL, between=between)
    visitors, orders = (sum(row[name] for row in rows) for name in ("visitors", "conversions"))
    return [f"{many(visitors, 'visitor')}, {many(orders, 'conversion')}{_money(rows)}."]


def _money(rows: Sequence[Row]) -> str:
    net: dict[str, int] = {}
    for row in rows:
        if row["currency"]:
            net[row["currency"]] = net.get(row["currency"], 0) + row["net_minor"]
    told = ", ".join(f"{decimal_text(amount, currency)} {currency}" for currency, amount in sorted(net.items()))
    return f", {told}" if told else ""


def _verdict(tx: Transaction, campaign: Campaign, now: Micros) -> list[str]:
    if len(campaign.variants) < TO_COMPARE:
        return []
    found = weigh(tx, subject.live(tx, campaign.handle, campaign.campaign_id, now=now))
    return [f"Verdict: {found.verdict.sentence}"]
