"""GET …/sizing: how long a test has to run, from its plan or from what one would like to know."""

from typing import Annotated

from fastapi import APIRouter, Query

from funnelproof.campaigns.campaign import Campaign
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName
from funnelproof.campaigns.variants import BUCKETS, shares_of
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.results import subject
from funnelproof.results.outlook import outlook
from funnelproof.results.pace import FULL_RAMP
from funnelproof.results.weigh import Results, weigh
from funnelproof.statistics import CONVERTERS_NEEDED
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import View

TWO_ALIKE = (0.5, 0.5)


class CurvePointView(View):
    day: int
    visitors_per_variant: int
    power: float


class SizingDaysView(View):
    now: int | None
    at_full_ramp: int | None


class OutlookView(View):
    """`visitorsPerVariant` is for a verdict that may be read at any time. `baselineFrom`: query, plan or seen.

    `power` is how likely the change is found by a look at the end of that day at a full ramp.
    """

    campaign_id: str
    baseline: float | None
    baseline_from: str | None
    minimum_lift: float | None
    daily_visitors: float | None
    visitors_per_variant: int | None
    visitors_per_variant_for_one_look: int | None
    days: SizingDaysView
    curve: list[CurvePointView]
    reason: str | None
    sentence: str


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["results"])

    @router.get(BASE + "/{campaignId}/sizing", responses=refusals(NoSuchCampaign))
    async def read_sizing(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        baseline: Annotated[float | None, Query(gt=0, lt=1, description="Share of visitors who convert now.")] = None,
        lift: Annotated[float | None, Query(gt=0, le=10, description="The smallest change worth finding.")] = None,
        daily_visitors: Annotated[
            float | None,
            Query(alias="dailyVisitors", gt=0, le=1e9, description="Visitors a day, in the test or not."),
        ] = None,
    ) -> OutlookView:
        """How many visitors and days this test needs; what is not asked for comes from its plan and its traffic."""
        now = home.clock.now()
        found = await home.database.read(lambda tx: weigh(tx, subject.live(tx, handle, campaignId, now=now)))
        return _view(found, baseline, lift, daily_visitors)

    return router


def _view(found: Results, baseline: float | None, lift: float | None, daily_visitors: float | None) -> OutlookView:
    plan, campaign = found.subject.plan, found.subject.campaign
    rate, source = _baseline(found, baseline)
    change = lift if lift is not None else float(plan.minimum_lift) if plan.minimum_lift else None
    daily = daily_visitors if daily_visitors is not None else found.sizing.visitors_per_day or None
    if rate is None or change is None:
        return _unknown(campaign, rate, source, change, daily)
    full = outlook(rate, change, daily_visitors=daily, shares=shares(campaign, FULL_RAMP))
    present = outlook(rate, change, daily_visitors=daily, shares=shares(campaign, campaign.ramp_percent))
    return OutlookView(
        campaign_id=campaign.campaign_id,
        baseline=rate,
        baseline_from=source,
        minimum_lift=change,
        daily_visitors=daily,
        visitors_per_variant=full.per_arm,
        visitors_per_variant_for_one_look=full.fixed_per_arm,
        days=SizingDaysView(now=present.days, at_full_ramp=full.days),
        curve=[CurvePointView(day=p.day, visitors_per_variant=p.visitors, power=p.power) for p in full.curve],
        reason=None if daily else "no_recent_visitors",
        sentence=full.sentence,
    )


def shares(campaign: Campaign, ramp_percent: int) -> list[float]:
    """The share of all visitors that enters each variant with weight; two alike where there are none yet."""
    weights = campaign.weights
    if sum(weight > 0 for _, weight in weights) < 2:
        return [share * ramp_percent / FULL_RAMP for share in TWO_ALIKE]
    opened = {share.number: share.open_count for share in shares_of(weights, ramp_percent)}
    return [opened[number] / BUCKETS for number, weight in weights if weight > 0]


def _baseline(found: Results, asked: float | None) -> tuple[float | None, str | None]:
    """What was asked for, else the plan's, else the control's rate once it has 25 converters."""
    if asked is not None:
        return asked, "query"
    if found.subject.plan.expected_rate is not None:
        return float(found.subject.plan.expected_rate), "plan"
    control = found.facts.control
    if control is not None and CONVERTERS_NEEDED <= control.converters < control.visitors:
        return control.converters / control.visitors, "seen"
    return None, None


def _unknown(
    campaign: Campaign, rate: float | None, source: str | None, lift: float | None, daily: float | None
) -> OutlookView:
    lacking = " and ".join(name for name, value in (("baseline", rate), ("lift", lift)) if value is None)
    return OutlookView(
        campaign_id=campaign.campaign_id,
        baseline=rate,
        baseline_from=source,
        minimum_lift=lift,
        daily_visitors=daily,
        visitors_per_variant=None,
        visitors_per_variant_for_one_look=None,
        days=SizingDaysView(now=None, at_full_ramp=None),
        curve=[],
        reason="no_plan",
        sentence=f"Give the campaign expectedRate and minimumLift, or ask with {lacking}.",
    )
