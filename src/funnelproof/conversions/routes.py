"""Conversions for those who share the handle: the list, one with its why, and the release of what is held."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.campaigns.routes import HandleName
from funnelproof.conversions import reversal_routes
from funnelproof.conversions.conversion import ConversionNotFound, Disposition
from funnelproof.conversions.read import Asked, Listed, list_conversions, tell
from funnelproof.conversions.release import Slice, Stretch, release_slice
from funnelproof.conversions.view import (
    ConversionStory,
    ConversionView,
    NewRelease,
    ReleaseView,
    stored_view,
    story_members,
    why_view,
)
from funnelproof.conversions.why import why
from funnelproof.errors import invalid
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.web.shape import Moment
from funnelproof.worlds.world import mode_of

BASE = "/v2/handles/{handle}/conversions"
Word = Annotated[str | None, Query(max_length=64)]


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["conversions"])
    _add_list(router, home)
    _add_one(router, home)
    _add_release(router, home)
    reversal_routes.add_routes(router, home)
    return router


def _add_list(router: APIRouter, home: Installation) -> None:
    @router.get(BASE, responses=refusals(NoSuchCampaign))
    async def read_conversions(
        handle: HandleName,
        page: AskedPage,
        campaign_id: Annotated[str | None, Query(alias="campaignId", max_length=64)] = None,
        variant_id: Annotated[str | None, Query(alias="variantId", max_length=64)] = None,
        disposition: Disposition | None = None,
        mode: Literal["live", "test"] = "live",
        from_: Annotated[Moment | None, Query(alias="from", description="Arrived at this time or later.")] = None,
        to: Annotated[Moment | None, Query(description="Arrived before this time.")] = None,
        run: Annotated[str | None, Query(max_length=64, description="Of one test run.")] = None,
    ) -> Listing[ConversionView]:
        """Conversions, newest first; live ones unless asked for those of test runs."""
        after = page.after(str)
        asked = Asked(
            handle=handle,
            campaign_id=campaign_id,
            variant_id=variant_id,
            disposition=disposition,
            is_test=mode == "test",
            run=run,
            since=from_,
            until=to,
        )
        before = str(after[0]) if after else None
        found = await home.database.read(lambda tx: list_conversions(tx, asked, before=before, limit=page.rows))
        shown, cursor = page.cut(found, lambda each: (each.made.conversion_id,))
        return Listing(items=[_view(each) for each in shown], next_cursor=cursor)


def _view(listed: Listed) -> ConversionView:
    mode = mode_of(listed.world)
    return ConversionView.model_validate(
        stored_view(listed.made, status="RECORDED", variant_id=listed.variant_id, mode=mode)
    )


def _add_one(router: APIRouter, home: Installation) -> None:
    @router.get(BASE + "/{conversionId}", responses=refusals(ConversionNotFound))
    async def read_conversion(
        handle: HandleName,
        conversionId: Annotated[str, Path(max_length=64)],  # noqa: N803
    ) -> ConversionStory:
        """One conversion, and why it counted or did not: from click to counter, step by step."""
        world, told = await home.database.read(lambda tx: tell(tx, handle, conversionId))
        made, mode = told.made, mode_of(world)
        own = stored_view(made, status="RECORDED", variant_id=told.variant_id, mode=mode)
        chain = [why_view(step) for step in why(told)]
        return ConversionStory.model_validate(own | story_members(told, world) | {"why": chain})


def _add_release(router: APIRouter, home: Installation) -> None:
    @router.post(BASE + "/release")
    async def release_conversions(
        handle: HandleName, body: NewRelease, caller: CallerOf, request_id: RequestId
    ) -> ReleaseView:
        """Let what is held count, all of a stretch of time, in order of arrival. Repeating it goes on from there."""
        if body.to <= body.from_:
            raise invalid("to", "must be later than from.")
        act = Act(caller.actor, home.clock.now(), request_id)
        return await _release_all(home, Stretch(handle, body.from_, body.to), act)


async def _release_all(home: Installation, stretch: Stretch, act: Act) -> ReleaseView:
    done: list[Slice] = []
    while not done or done[-1].after is not None:
        after = done[-1].after if done else None
        done.append(await home.database.write(partial(release_slice, stretch=stretch, after=after, act=act)))
    counted, not_unique = sum(each.counted for each in done), sum(each.not_unique for each in done)
    left = sum(each.left for each in done)
    return ReleaseView(released=counted + not_unique, counted=counted, not_unique=not_unique, left=left)
