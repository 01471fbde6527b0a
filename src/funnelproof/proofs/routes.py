"""Test conversions and runs: in one call, or step by step."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName, address_rules
from funnelproof.clicks.cache import RouteCache
from funnelproof.clock import HOUR, iso
from funnelproof.installation import Installation
from funnelproof.links import store as links
from funnelproof.links.ctx import InvalidCtx
from funnelproof.links.link import NoSuchCampaign
from funnelproof.notifications.deliver import Courier
from funnelproof.notifications.outbox import subscribed_events
from funnelproof.pages import store as pages
from funnelproof.plans.schema import ADDRESS, plan_schema
from funnelproof.proofs import run as runs
from funnelproof.proofs import store
from funnelproof.proofs.check_ctx import check_given_ctx
from funnelproof.proofs.digest import changes_between, configuration_of, digest_of
from funnelproof.proofs.prove import prove
from funnelproof.proofs.receipt import NoPrimaryLink, RunNotFound
from funnelproof.proofs.requests import (
    ClockAdvance,
    ClockView,
    NewRun,
    OpenedRunView,
    ReceiptView,
    RunConfiguration,
    TestConversion,
    receipt_view,
)
from funnelproof.proofs.run import Opened, VariantSetting
from funnelproof.proofs.store import Run
from funnelproof.proofs.summary import summarise
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import RunClosed, run_token

ONE = BASE + "/{campaignId}"
RUNS = ONE + "/test-runs"
RunId = Annotated[str, Path(pattern=r"^run_[0-9a-f]{32}$")]


def routes(home: Installation, cache: RouteCache, courier: Courier) -> APIRouter:
    router = APIRouter(tags=["proofs"])
    _add_test_conversion(router, home, cache, courier)
    _add_reading(router, home)
    _add_opening(router, home)
    _add_clock(router, home)
    _add_configuration(router, home)
    _add_finishing(router, home)
    _add_schema(router)
    return router


def _add_test_conversion(router: APIRouter, home: Installation, cache: RouteCache, courier: Courier) -> None:
    @router.post(
        ONE + "/test-conversion", status_code=201, responses=refusals(NoSuchCampaign, NoPrimaryLink, InvalidCtx)
    )
    async def test_conversion(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
        body: TestConversion | None = None,
    ) -> ReceiptView:
        """Test every variant with weight through the code of live traffic, in a world of its own; leaves a receipt."""
        asked = body or TestConversion.of()
        act = Act(caller.actor, home.clock.now(), request_id)
        if asked.ctx is not None:
            made = await check_given_ctx(home, handle, campaignId, ctx=asked.ctx, act=act)
        else:
            wanted = asked.given()
            if asked.seed is not None:
                wanted["seed"] = str(asked.seed)
            made = await prove(home, cache, courier, handle, campaignId, asked=wanted, act=act)
        response.headers["Location"] = f"/v2/handles/{handle}/campaigns/{campaignId}/test-runs/{made.run_id}"
        return await home.database.read(lambda tx: _shown(tx, made, home.clock.now()))


def _add_reading(router: APIRouter, home: Installation) -> None:
    @router.get(RUNS, responses=refusals(NoSuchCampaign))
    async def list_runs(handle: HandleName, campaignId: CampaignId, page: AskedPage) -> Listing[ReceiptView]:  # noqa: N803
        """The campaign's test runs, newest first."""
        after = page.after(str)

        def work(tx: Transaction) -> tuple[list[ReceiptView], str | None]:
            campaigns.get(tx, handle, campaignId)
            found = store.page(tx, handle, campaignId, before=str(after[0]) if after else None, limit=page.rows)
            shown, cursor = page.cut(found, lambda run: (run.run_id,))
            return [_shown(tx, run, home.clock.now()) for run in shown], cursor

        items, cursor = await home.database.read(work)
        return Listing(items=items, next_cursor=cursor)

    @router.get(RUNS + "/{runId}", responses=refusals(RunNotFound))
    async def read_run(handle: HandleName, campaignId: CampaignId, runId: RunId) -> ReceiptView:  # noqa: N803
        """A run and its receipt."""
        now = home.clock.now()
        return await home.database.read(lambda tx: _shown(tx, runs.existing(tx, handle, campaignId, runId), now))


def _add_opening(router: APIRouter, home: Installation) -> None:
    @router.post(RUNS, status_code=201, responses=refusals(NoSuchCampaign, NoPrimaryLink))
    async def open_run(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
        body: NewRun | None = None,
    ) -> OpenedRunView:
        """Open a run: redirects with its token in `X-Funnelproof-Run` are clicks in its world, for one hour."""
        asked, now = body or NewRun(), home.clock.now()
        act = Act(caller.actor, now, request_id)

        def work(tx: Transaction) -> Opened:
            seed = str(asked.seed)
            return runs.open_run(
                tx, handle, campaignId, seed=seed, starts_at=asked.starts_at, opens_gate=False, act=act
            )

        opened = await home.database.write(work)
        response.headers["Location"] = f"/v2/handles/{handle}/campaigns/{campaignId}/test-runs/{opened.run.run_id}"
        token = run_token(handle, opened.run.run_id, home.keyring, now)
        return OpenedRunView(run_id=opened.run.run_id, run_token=token, now=iso(opened.world.clock_at))


def _add_clock(router: APIRouter, home: Installation) -> None:
    @router.post(RUNS + "/{runId}/clock", responses=refusals(RunNotFound, RunClosed))
    async def advance_clock(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        runId: RunId,  # noqa: N803
        body: ClockAdvance,
    ) -> ClockView:
        """Move the run's clock forward; nobody waits."""
        world = await home.database.write(lambda tx: runs.advance(tx, handle, campaignId, runId, body.advance_seconds))
        return ClockView(run_id=runId, now=iso(world.clock_at))


def _add_configuration(router: APIRouter, home: Installation) -> None:
    rules = address_rules(home.settings)

    @router.patch(RUNS + "/{runId}/configuration", responses=refusals(RunNotFound, RunClosed))
    async def configure_run(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        runId: RunId,  # noqa: N803
        body: RunConfiguration,
    ) -> ClockView:
        """Change the run's snapshot: pause it, shift weights, lead a variant elsewhere, count days elsewhere."""
        settings = {
            item.variant_id: VariantSetting(item.variant_id, item.weight, item.enabled, item.destination_url)
            for item in body.variants
        }
        world = await home.database.write(
            lambda tx: runs.reconfigure(
                tx,
                handle,
                campaignId,
                runId,
                status=body.status,
                ramp_percent=body.ramp_percent,
                time_zone=body.time_zone,
                variants=settings,
                rules=rules,
            )
        )
        return ClockView(run_id=runId, now=iso(world.clock_at))


def _add_finishing(router: APIRouter, home: Installation) -> None:
    @router.post(RUNS + "/{runId}/finish", responses=refusals(RunNotFound, RunClosed))
    async def finish_run(handle: HandleName, campaignId: CampaignId, runId: RunId) -> ReceiptView:  # noqa: N803
        """Close the run's world; its receipt tells per variant what was seen there."""

        def work(tx: Transaction) -> Run:
            run = runs.existing(tx, handle, campaignId, runId)
            world = worlds.find(tx, handle, runId)
            if world is None or run.state != runs.OPEN:
                raise RunClosed
            return runs.finish(tx, run, summarise(tx, run, world), home.clock.now())

        finished = await home.database.write(work)
        return await home.database.read(lambda tx: _shown(tx, finished, home.clock.now()))


def _add_schema(router: APIRouter) -> None:
    @router.get(ADDRESS, response_class=PlanSchema)
    async def read_plan_schema() -> PlanSchema:
        """The JSON Schema of plans: editors that know it complete a plan and mark its faults."""
        return PlanSchema(plan_schema(), headers={"Cache-Control": "max-age=3600"})


class PlanSchema(JSONResponse):
    media_type = "application/schema+json"


def _shown(tx: Transaction, run: Run, now: int) -> ReceiptView:
    """The receipt, and whether it still speaks for the campaign as it stands."""
    campaign = campaigns.find(tx, run.handle, run.campaign_id)
    if campaign is None:
        return receipt_view(run, is_fresh=False, changes=[])
    link = links.find(tx, run.handle, campaign.primary_slug) if campaign.primary_slug else None
    page = pages.facts_of(tx, run.handle, [run.campaign_id]).get(run.campaign_id)
    present = configuration_of(campaign, link, page, subscribed_events(tx, run.handle))
    young = run.finished_at is not None and now - run.finished_at <= campaign.receipt_ttl_hours * HOUR
    changed = [] if digest_of(present) == run.config_digest else changes_between(dict(run.configuration), present)
    return receipt_view(run, is_fresh=young and not changed, changes=changed)
