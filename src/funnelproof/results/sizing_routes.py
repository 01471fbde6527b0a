"""GET …/sizing: how long a test has to run, from its plan or from what one would like to know."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query, Response

from funnelproof.campaigns.campaign import Campaign
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName
from funnelproof.campaigns.variants import BUCKETS, shares_of
from funnelproof.errors import Problem
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.results import subject
from funnelproof.results.outlook import Outlook, outlook
from funnelproof.results.pace import FULL_RAMP
from funnelproof.results.picture import empty_picture, power_picture
from funnelproof.results.weigh import Results, weigh
from funnelproof.statistics import CONVERTERS_NEEDED
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import View

TWO_ALIKE = (0.5, 0.5)
SVG = "image/svg+xml"


class CurvePointView(View):
    day: int
    visitors_per_variant: int
    power: float


class SizingDaysView(View):
    now: int | None
    at_full_ramp: int | None


class OutlookView(View):
    """`visitorsPerVariant` is for a verdict that may be read at any time. `baselineFrom`: query, plan or seen.

    What is null is so for `reason`: no_plan, plan_cannot_be, no_recent_visitors, closed_to_new_visitors or
    out_of_reach. `power` is how likely the change is found by a look at the end of that day at a full ramp.
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


class Asked(NamedTuple):
    """What is asked for; the rest comes from the plan and the traffic."""

    baseline: float | None
    lift: float | None
    daily_visitors: float | None


def asked_for(
    baseline: Annotated[float | None, Query(gt=0, lt=1, description="Share of visitors who convert now.")] = None,
    lift: Annotated[float | None, Query(gt=0, le=10, description="The smallest change worth finding.")] = None,
    daily_visitors: Annotated[
        float | None,
        Query(alias="dailyVisitors", gt=0, le=1e9, description="Visitors a day, in the test or not."),
    ] = None,
) -> Asked:
    return Asked(baseline, lift, daily_visitors)


Question = Annotated[Asked, Depends(asked_for)]


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["results"])

    async def plan(handle: str, campaign_id: str, asked: Asked) -> "Plan":
        now = home.clock.now()
        found = await home.database.read(lambda tx: weigh(tx, subject.live(tx, handle, campaign_id, now=now)))
        return plan_of(found, asked)

    @router.get(BASE + "/{campaignId}/sizing", responses=refusals(NoSuchCampaign))
    async def read_sizing(handle: HandleName, campaignId: CampaignId, asked: Question) -> OutlookView:  # noqa: N803
        """How many visitors and days this test needs; what is not asked for comes from its plan and its traffic."""
        return _view(await plan(handle, campaignId, asked))

    @router.get(
        BASE + "/{campaignId}/sizing/power.svg",
        responses={200: {"content": {SVG: {}}, "description": "An SVG."}, **refusals(NoSuchCampaign)},
        response_class=Response,
    )
    async def draw_sizing(handle: HandleName, campaignId: CampaignId, asked: Question) -> Response:  # noqa: N803
        """The same as a picture: how likely the change is found, day by day."""
        found = await plan(handle, campaignId, asked)
        drawn = power_picture(found.full) if found.full else empty_picture(found.sentence)
        return Response(drawn, media_type=SVG)

    return router


@dataclass(frozen=True, slots=True)
class Plan:
    """`full` and `present` are the outlooks at a full and at the present ramp; None where `reason` says why."""

    campaign_id: str
    asked: Asked
    source: str | None
    sentence: str
    reason: str | None = None
    full: Outlook | None = None
    present: Outlook | None = None


def plan_of(found: Results, asked: Asked) -> Plan:
    """Raises 400 for a question that cannot be; what the campaign's own plan cannot be is a reason."""
    plan, campaign = found.subject.plan, found.subject.campaign
    rate, source = _baseline(found, asked.baseline)
    change = asked.lift if asked.lift is not None else float(plan.minimum_lift) if plan.minimum_lift else None
    daily = asked.daily_visitors if asked.daily_visitors is not None else found.sizing.visitors_per_day or None
    known = Asked(rate, change, daily)
    if rate is None or change is None:
        lacking = " and ".join(name for name, value in (("baseline", rate), ("lift", change)) if value is None)
        sentence = f"Give the campaign expectedRate and minimumLift, or ask with {lacking}."
        return Plan(campaign.campaign_id, known, source, sentence, "no_plan")
    try:
        full = outlook(rate, change, daily_visitors=daily, shares=shares(campaign, FULL_RAMP))
        present = outlook(rate, change, daily_visitors=daily, shares=shares(campaign, campaign.ramp_percent))
    except Problem as problem:
        if asked.baseline is not None or asked.lift is not None:
            raise
        return Plan(campaign.campaign_id, known, source, f"This plan cannot be: {problem}", "plan_cannot_be")
    return Plan(campaign.campaign_id, known, source, full.sentence, _why_no_days(present, daily), full, present)


def _why_no_days(present: Outlook, daily: float | None) -> str | None:
    if present.days is not None:
        return None
    if not daily:
        return "no_recent_visitors"
    return "out_of_reach" if present.is_out_of_reach else "closed_to_new_visitors"


def _view(plan: Plan) -> OutlookView:
    full, present = plan.full, plan.present
    curve = full.curve if full else ()
    return OutlookView(
        campaign_id=plan.campaign_id,
        baseline=plan.asked.baseline,
        baseline_from=plan.source,
        minimum_lift=plan.asked.lift,
        daily_visitors=plan.asked.daily_visitors,
        visitors_per_variant=full.per_arm if full else None,
        visitors_per_variant_for_one_look=full.fixed_per_arm if full else None,
        days=SizingDaysView(now=present.days if present else None, at_full_ramp=full.days if full else None),
        curve=[CurvePointView(day=p.day, visitors_per_variant=p.visitors, power=p.power) for p in curve],
        reason=plan.reason,
        sentence=plan.sentence,
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
