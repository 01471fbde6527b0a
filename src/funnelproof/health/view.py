"""Health, and campaigns in a list, as clients read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from funnelproof.campaigns.campaign import Campaign
from funnelproof.campaigns.requests import CampaignView, view_of
from funnelproof.health.check import Check, FreshnessStatus, Health, Severity, Status
from funnelproof.money import decimal_text
from funnelproof.storage.database import Row
from funnelproof.web.shape import ShownMoment, View


class CheckView(View):
    """One check. `evidence` holds what was counted; `remedy` is null where nothing is to be done."""

    id: str = Field(examples=["traffic_tags"])
    status: Status
    severity: Severity
    title: str
    evidence: dict[str, Any]
    remedy: str | None
    docs: str = Field(examples=["/docs/checks/traffic_tags"])


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
    status: Status
    score: int


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


COUNTERS = ("clicks", "qualified_clicks", "visitors", "conversions", "converters")


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
        checks=[_check_view(check) for check in health.checks],
    )


def _check_view(check: Check) -> CheckView:
    return CheckView(**{name: getattr(check, name) for name in CheckView.model_fields})


def funnel_views(ids: Sequence[str], totals: Mapping[str, Row], money: Sequence[Row]) -> dict[str, FunnelTotalsView]:
    """Funnels by campaign id; a campaign without events has zeros."""
    revenue: dict[str, list[RevenueView]] = {id_: [] for id_ in ids}
    for row in money:
        gross, net = (decimal_text(row[name], row["currency"]) for name in ("gross_minor", "net_minor"))
        revenue[row["campaign_id"]].append(RevenueView(currency=row["currency"], gross=gross, net=net))
    none: Mapping[str, int] = {}
    return {
        id_: FunnelTotalsView(**{name: totals.get(id_, none).get(name, 0) for name in COUNTERS}, revenue=revenue[id_])
        for id_ in ids
    }


def item_view(campaign: Campaign, health: Health, funnel: FunnelTotalsView) -> CampaignItem:
    shown = view_of(campaign)
    fields = {name: getattr(shown, name) for name in CampaignView.model_fields}
    return CampaignItem(**fields, health=LightView(status=health.status, score=health.score), funnel=funnel)
