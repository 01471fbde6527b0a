"""The decision on a test: made, read with the results it froze, undone."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.campaigns import store
from funnelproof.campaigns.campaign import IllegalTransition
from funnelproof.campaigns.requests import CampaignView, Reason
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName, shown
from funnelproof.campaigns.variants import VARIANT_ID
from funnelproof.clock import Micros
from funnelproof.errors import NotFound
from funnelproof.installation import Installation
from funnelproof.launch.decision import decide, undo
from funnelproof.links.link import NoSuchCampaign
from funnelproof.results import frozen
from funnelproof.results.frozen import Decision
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import Shape, ShownMoment, View, example

DECISION = BASE + "/{campaignId}/decision"
AskedEpoch = Annotated[int | None, Query(ge=1, description="The decision of an epoch; the last one unless given.")]


class NewDecision(Shape):
    """Whom everybody shall see from now on, and why."""

    model_config = example({"variantId": "b", "reason": "B sells more: between 0.3 and 1.4 points."})

    variant_id: str = Field(pattern=VARIANT_ID)
    reason: Reason


class DecisionView(View):
    """`digest` is SHA-256 over the RFC 8785 JSON of `results`, which are null while they are sealed."""

    campaign_id: str
    epoch: int
    variant_id: str
    reason: str
    decided_at: ShownMoment
    decided_by: str
    request_id: str | None
    undo_until: ShownMoment
    undone_at: ShownMoment | None
    undone_by: str | None
    sealed_until: ShownMoment | None
    digest: str
    results: dict[str, Any] | None


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["launch"])
    _add_deciding(router, home)
    _add_reading(router, home)
    _add_undoing(router, home)
    return router


def _add_deciding(router: APIRouter, home: Installation) -> None:
    @router.post(DECISION, status_code=201, responses=refusals(NoSuchCampaign, IllegalTransition))
    async def decide_test(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        body: NewDecision,
        caller: CallerOf,
        request_id: RequestId,
    ) -> DecisionView:
        """End the test and send everyone to one variant. Its results are frozen; it can be undone for 30 days."""
        act = Act(caller.actor, home.clock.now(), request_id)

        def work(tx: Transaction) -> DecisionView:
            made = decide(tx, handle, campaignId, body.variant_id, reason=body.reason, act=act)
            return _view(tx, made, act.at)

        return await home.database.write(work)


def _add_reading(router: APIRouter, home: Installation) -> None:
    @router.get(DECISION, responses=refusals(NoSuchCampaign, NotFound))
    async def read_decision(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        epoch: AskedEpoch = None,
    ) -> DecisionView:
        """What was decided, why, and the results as they were frozen then; also if it was undone since."""

        def work(tx: Transaction) -> DecisionView:
            store.get(tx, handle, campaignId)
            ref = (handle, campaignId)
            found = frozen.newest(tx, ref) if epoch is None else frozen.of_epoch(tx, ref, epoch)
            if found is None:
                raise NotFound("No decision was made on this campaign" + (f" in epoch {epoch}." if epoch else "."))
            return _view(tx, found, home.clock.now())

        return await home.database.read(work)


def _add_undoing(router: APIRouter, home: Installation) -> None:
    @router.delete(DECISION, responses=refusals(NoSuchCampaign, NotFound, IllegalTransition))
    async def undo_decision(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
        reason: Annotated[str | None, Query(max_length=500, description="Kept in the history.")] = None,
    ) -> CampaignView:
        """Undo the decision within 30 days: the campaign is PAUSED, in a new epoch; frozen results stay readable."""
        act = Act(caller.actor, home.clock.now(), request_id)
        reopened = await home.database.write(lambda tx: undo(tx, handle, campaignId, reason=reason, act=act))
        return shown(reopened, response)


def _view(tx: Transaction, decision: Decision, now: Micros) -> DecisionView:
    until = store.get(tx, decision.handle, decision.campaign_id).embargo_until
    sealed_until = until if until is not None and until > now else None
    return DecisionView(
        campaign_id=decision.campaign_id,
        epoch=decision.epoch,
        variant_id=store.variant_names(tx, decision.handle, decision.campaign_id)[decision.variant],
        reason=decision.reason,
        decided_at=decision.decided_at,
        decided_by=decision.decided_by,
        request_id=decision.request_id,
        undo_until=decision.undo_until,
        undone_at=decision.undone_at,
        undone_by=decision.undone_by,
        sealed_until=sealed_until,
        digest=decision.digest,
        results=None if sealed_until else decision.results,
    )
