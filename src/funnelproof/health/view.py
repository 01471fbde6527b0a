"""Health, and campaigns in a list, as clients read them."""

from typing import Any

from pydantic import Field

from funnelproof.campaigns.campaign import Campaign
from funnelproof.campaigns.requests import CampaignView, view_of
from funnelproof.health.check import Check, FreshnessStatus, Health, Severity, Status
from funnelproof.health.holding import counts_from
from funnelproof.health.lights import Light
from funnelproof.health.store import COUNTERS, Totals
from funnelproof.money import decimal_text
from funnelproof.web.shape import ShownMoment, View


class CheckView(View):
    """One check. `evidence` holds what was counted; `remedy` is null where nothing is to be done.

    `countsFrom`: it rests on chance and has not held yet; if it stays so, it counts in the light from then on.
    """

    id: str = Field(examples=["traffic_tags"])
    status: Status
    severity: Severity
    title: str
    evidence: dict[str, Any]
    remedy: str | None
    docs: str = Field(examples=["/docs/checks/traffic_tags"])
    counts_from: ShownMoment | None


class BlockerView(View):
    check: str
    title: str
    remedy: str | None


class SpendRampView(View):
    """Whether more may be spent: nothing fails, and every variant with weight is tested."""

    ready: bool
    blockers: list[BlockerView]


class FreshnessView(View):
    status: FreshnessStatus
    last_updated_at: ShownMoment | None
    sla_minutes: int


class HealthView(View):
    campaign_id: str
    status: Status
    score: int = Field(ge=0, le=100)
    checked_at: ShownMoment
    config_digest: str
    spend_ramp: SpendRampView
    freshness: FreshnessView
    checks: list[CheckView]


class LightView(View):
    """As it was last seen; `GET …/health` looks anew."""

    status: Status
    score: int
    checked_at: ShownMoment


class RevenueView(View):
    currency: str
    gross: str
    net: str


class FunnelTotalsView(View):
    """Live figures of all time. Amounts are decimal text, and are never added across currencies."""

    clicks: int
    qualified_clicks: int
    visitors: int
    conversions: int
    converters: int
    revenue: list[RevenueView]


class CampaignItem(CampaignView):
    health: LightView
    funnel: FunnelTotalsView


def health_view(health: Health) -> HealthView:
    ramp, fresh = health.spend_ramp, health.freshness
    blockers = [BlockerView(check=own.check, title=own.title, remedy=own.remedy) for own in ramp.blockers]
    return HealthView(
        campaign_id=health.campaign_id,
        status=health.status,
        score=health.score,
        checked_at=health.checked_at,
        config_digest=health.config_digest,
        spend_ramp=SpendRampView(ready=ramp.ready, blockers=blockers),
        freshness=FreshnessView(
            status=fresh.status, last_updated_at=fresh.last_updated_at, sla_minutes=fresh.sla_minutes
        ),
        checks=[_check_view(check, health) for check in health.checks],
    )


def _check_view(check: Check, health: Health) -> CheckView:
    own = {name: getattr(check, name) for name in CheckView.model_fields if name != "counts_from"}
    return CheckView(**own, counts_from=counts_from(check, health.waiting, health.checked_at))


def funnel_view(totals: Totals) -> FunnelTotalsView:
    revenue = [
        RevenueView(currency=currency, gross=decimal_text(gross, currency), net=decimal_text(net, currency))
        for currency, gross, net in totals.money
    ]
    return FunnelTotalsView(**dict(zip(COUNTERS, totals.counts, strict=True)), revenue=revenue)


def item_view(campaign: Campaign, light: Light, funnel: FunnelTotalsView) -> CampaignItem:
    shown = view_of(campaign)
    fields = {name: getattr(shown, name) for name in CampaignView.model_fields}
    seen = LightView(status=light.status, score=light.score, checked_at=light.checked_at)
    return CampaignItem(**fields, health=seen, funnel=funnel)
