"""Health over HTTP, and the list of campaigns, each with its light and its funnel."""

import contextlib
from typing import Annotated

from fastapi import APIRouter, Query

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign, CampaignRef, CampaignStatus, GoalType
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName
from funnelproof.clock import Micros, iso
from funnelproof.errors import Unavailable, invalid
from funnelproof.health import history
from funnelproof.health.check import Health
from funnelproof.health.examine import examine
from funnelproof.health.history import NotLookedAtThen
from funnelproof.health.history_routes import add_history
from funnelproof.health.store import funnels
from funnelproof.health.tags_routes import add_tags
from funnelproof.health.view import CampaignItem, HealthView, funnel_view, health_view, item_view
from funnelproof.health.watch import examine_live, lights_of
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.proofs.receipt import RunNotFound
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.web.shape import Moment
from funnelproof.worlds.world import LIVE

PUBLIC = "/v2/public/handles/{handle}/campaigns/{campaignId}/health"
OfRun = Annotated[
    str | None, Query(description="The health of this run's world instead of the live one.", examples=["run_…"])
]
AtMoment = Annotated[
    Moment | None, Query(alias="at", description="What health was then, as it was last seen; up to 90 days ago.")
]
OfStatus = Annotated[CampaignStatus | None, Query(description="Only campaigns in this status.")]
OfGoal = Annotated[GoalType | None, Query(alias="goalType", description="Only campaigns with this goal.")]
Looked = Annotated[str | None, Query(max_length=200, description="Looked for in names and ids.")]


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["health"])
    _add_health(router, home)
    add_history(router, home)
    add_tags(router, home)
    _add_list(router, home)
    return router


def _add_health(router: APIRouter, home: Installation) -> None:
    async def read_health(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        run: OfRun = None,
        moment: AtMoment = None,
    ) -> HealthView:
        """Is the campaign's path proven? One light, a score, what blocks the spend ramp, and each check's evidence."""
        now = home.clock.now()
        if moment is not None:
            _check_moment(moment, now, run)
            return health_view(await home.database.read(lambda tx: _then(tx, (handle, campaignId), moment)))
        if run is None:
            return health_view(await _live_health(home, handle, campaignId, now))
        return health_view(await home.database.read(lambda tx: examine(tx, handle, campaignId, now=now, world=run)))

    answers = refusals(NoSuchCampaign, RunNotFound, NotLookedAtThen)
    for path, name in ((BASE + "/{campaignId}/health", "read_health"), (PUBLIC, "read_health_by_token")):
        router.add_api_route(path, read_health, methods=["GET"], responses=answers, name=name)


def _check_moment(moment: Micros, now: Micros, run: str | None) -> None:
    if run is not None:
        raise invalid("at", "the history is that of the live world; leave out either `at` or `run`.")
    if moment > now:
        raise invalid("at", f"lies in the future; it is {iso(now)} now. Leave it out for the health of now.")


def _then(tx: Transaction, ref: CampaignRef, moment: Micros) -> Health:
    campaigns.get(tx, *ref)
    return history.at(tx, ref, moment)


async def _live_health(home: Installation, handle: str, campaign_id: str, now: Micros) -> Health:
    """A light that has changed is kept; if storage takes no writes just now, health is told all the same."""
    found = await home.database.read(lambda tx: examine_live(tx, handle, campaign_id, now=now))
    if found.has_news:
        with contextlib.suppress(Unavailable):
            await home.database.write(found.keep)
    return found.health


def _add_list(router: APIRouter, home: Installation) -> None:
    @router.get(BASE)
    async def list_campaigns(
        handle: HandleName, page: AskedPage, status: OfStatus = None, goal_type: OfGoal = None, q: Looked = None
    ) -> Listing[CampaignItem]:
        """Campaigns, newest first, each with its health and its live funnel."""
        after, now = page.after(int, str), home.clock.now()

        def work(tx: Transaction) -> Listing[CampaignItem]:
            before = (int(after[0]), str(after[1])) if after else None
            rows = campaigns.page(tx, handle, before=before, limit=page.rows, status=status, goal_type=goal_type, q=q)
            shown, cursor = page.cut(rows, lambda campaign: (campaign.created_at, campaign.campaign_id))
            return Listing(items=_items(tx, handle, list(shown), now), next_cursor=cursor)

        return await home.database.read(work)


def _items(tx: Transaction, handle: str, shown: list[Campaign], now: int) -> list[CampaignItem]:
    if not shown:
        return []
    totals = funnels(tx, handle, LIVE, [campaign.campaign_id for campaign in shown])
    lights = lights_of(tx, handle, shown, now=now)
    return [
        item_view(campaign, light, funnel_view(totals[campaign.campaign_id]))
        for campaign, light in zip(shown, lights, strict=True)
    ]
