"""Transitions and the ramp."""

from fastapi import APIRouter, Response
from pydantic import Field

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.campaigns.campaign import CampaignStatus, IllegalTransition, NotReady
from funnelproof.campaigns.requests import CampaignView, Reason
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName, shown
from funnelproof.installation import Installation
from funnelproof.launch.move import Override, check_override, ramp, transition
from funnelproof.links.link import NoSuchCampaign
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import Shape, example

ONE = BASE + "/{campaignId}"


class Transition(Shape):
    """Where to move the campaign. `override` passes a closed gate: OPERATOR, JWT, with a reason."""

    model_config = example({"to": "ACTIVE", "reason": "All variants are tested."})

    to: CampaignStatus
    reason: Reason | None = None
    override: bool = False


class Ramp(Shape):
    model_config = example({"rampPercent": 25})

    ramp_percent: int = Field(ge=0, le=100)
    reason: Reason | None = None
    override: bool = False


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["launch"])

    @router.post(ONE + "/transitions", responses=refusals(NoSuchCampaign, IllegalTransition, NotReady))
    async def move_campaign(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        body: Transition,
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
    ) -> CampaignView:
        """DRAFT → ACTIVE ⇄ PAUSED → DRAFT, and COMPLETED from ACTIVE or PAUSED. Kept in the history."""
        override = Override(body.override, body.reason)
        check_override(caller, override)
        act = Act(caller.actor, home.clock.now(), request_id)
        moved = await home.database.write(
            lambda tx: transition(tx, handle, campaignId, body.to, override=override, act=act)
        )
        return shown(moved, response)

    @router.post(ONE + "/ramp", responses=refusals(NoSuchCampaign, NotReady))
    async def ramp_campaign(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        body: Ramp,
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
    ) -> CampaignView:
        """Open another share of the buckets to new visitors. Nobody changes variants, nobody is put out."""
        override = Override(body.override, body.reason)
        check_override(caller, override)
        act = Act(caller.actor, home.clock.now(), request_id)
        ramped = await home.database.write(
            lambda tx: ramp(tx, handle, campaignId, body.ramp_percent, override=override, act=act)
        )
        return shown(ramped, response)

    return router
