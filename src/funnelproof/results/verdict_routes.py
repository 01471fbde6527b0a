"""A test's results, its looks, and closing an alarm about its split."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName
from funnelproof.clock import Micros
from funnelproof.errors import NotFound, invalid
from funnelproof.installation import Installation
from funnelproof.links.ctx import Mode
from funnelproof.links.link import NoSuchCampaign
from funnelproof.results import frozen, store, subject
from funnelproof.results.frozen import Decision
from funnelproof.results.keep import NoOpenAlarm, close_alarm, look
from funnelproof.results.show import shown, shown_look
from funnelproof.results.view import DecisionNoteView, LookView, ResultsView
from funnelproof.results.weigh import Results, weigh
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.web.shape import Shape, example

RESULTS = BASE + "/{campaignId}/results"
AskedEpoch = Annotated[int | None, Query(ge=1, description="An earlier epoch; the present one unless given.")]
AskedRun = Annotated[str | None, Query(max_length=64, description="The results of one run, in its own world.")]


class AlarmClosing(Shape):
    """Why the test may be read all the same; kept in the history."""

    model_config = example({"reason": "A cache sent B away on 22 November; those days are left out."})

    reason: str = Field(min_length=1, max_length=500)


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["results"])
    _add_results(router, home)
    _add_looks(router, home)
    _add_closing(router, home)
    return router


def _add_results(router: APIRouter, home: Installation) -> None:
    @router.get(RESULTS, response_model=ResultsView, responses=refusals(NoSuchCampaign, NotFound))
    async def read_results(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        mode: Mode = Mode.LIVE,
        run: AskedRun = None,
        epoch: AskedEpoch = None,
    ) -> ResultsView | JSONResponse:
        """Is one variant better? The verdict in one sentence, what it rests on, and what is left out of it.

        Once the test is decided, these are the results that the decision froze.
        """
        now = home.clock.now()
        if mode is not Mode.LIVE and run is None:
            raise invalid("query/run", "is needed in test mode: each run has its own results.", code="missing")
        if run is None:
            decided = await home.database.read(lambda tx: _decided(tx, handle, campaignId, epoch=epoch, now=now))
            if decided is not None:
                return decided
        found = await home.database.read(lambda tx: _weighed(tx, handle, campaignId, run=run, epoch=epoch, now=now))
        if found.has_news:
            found = await home.database.write(lambda tx: look(tx, handle, campaignId, now=now))
        return shown(found)


def _decided(
    tx: Transaction, handle: str, campaign_id: str, *, epoch: int | None, now: Micros
) -> ResultsView | JSONResponse | None:
    """What a decision that holds froze, if its epoch is asked for. While results are sealed: counts as they stand."""
    decision = frozen.standing(tx, (handle, campaign_id))
    if decision is None or epoch not in (None, decision.epoch):
        return None
    note = _note(tx, decision)
    test = subject.live(tx, handle, campaign_id, now=now, epoch=decision.epoch)
    if test.is_sealed:
        return shown(weigh(tx, test), note)
    return JSONResponse({**decision.results, "decision": note.wire()})


def _note(tx: Transaction, decision: Decision) -> DecisionNoteView:
    return DecisionNoteView(
        variant_id=campaigns.variant_names(tx, decision.handle, decision.campaign_id)[decision.variant],
        reason=decision.reason,
        decided_at=decision.decided_at,
        decided_by=decision.decided_by,
        undo_until=decision.undo_until,
        digest=decision.digest,
    )


def _weighed(
    tx: Transaction, handle: str, campaign_id: str, *, run: str | None, epoch: int | None, now: Micros
) -> Results:
    if run is not None:
        return weigh(tx, subject.in_run(tx, handle, campaign_id, run))
    return weigh(tx, subject.live(tx, handle, campaign_id, now=now, epoch=epoch))


def _add_looks(router: APIRouter, home: Installation) -> None:
    @router.get(RESULTS + "/looks", responses=refusals(NoSuchCampaign))
    async def list_looks(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        page: AskedPage,
        epoch: AskedEpoch = None,
    ) -> Listing[LookView]:
        """Every change of the verdict's code in an epoch, newest first, with what had been counted."""
        after, now = page.after(int), home.clock.now()

        def work(tx: Transaction) -> tuple[list[LookView], str | None]:
            test = subject.live(tx, handle, campaignId, now=now, epoch=epoch)
            before = int(after[0]) if after else None
            found = store.looks_of(tx, test.ref, test.epoch, before=before, limit=page.rows)
            kept, cursor = page.cut(found, lambda each: (each.number,))
            return [shown_look(each, epoch=test.epoch, is_sealed=test.is_sealed) for each in kept], cursor

        items, cursor = await home.database.read(work)
        return Listing(items=items, next_cursor=cursor)


def _add_closing(router: APIRouter, home: Installation) -> None:
    @router.post(RESULTS + "/alarm/close", responses=refusals(NoSuchCampaign, NoOpenAlarm))
    async def close_split_alarm(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        body: AlarmClosing,
        caller: CallerOf,
        request_id: RequestId,
    ) -> ResultsView:
        """Close the open alarm about the split, with a reason; the test may then be read again."""
        act = Act(caller.actor, home.clock.now(), request_id)
        return shown(
            await home.database.write(lambda tx: close_alarm(tx, handle, campaignId, reason=body.reason, act=act))
        )
