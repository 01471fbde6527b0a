"""Where a click happens: live, in a run's world with its snapshot and its clock, or in the world of previews."""

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs

from funnelproof.clicks.cache import RouteCache
from funnelproof.clicks.inrun import TOKEN_HEADER, As, read_as
from funnelproof.clicks.pages import which_page
from funnelproof.clicks.walking import Joined, join
from funnelproof.clock import Micros
from funnelproof.handles.handle import FORM
from funnelproof.installation import Installation
from funnelproof.links.link import LinkNotFound, is_slug
from funnelproof.previews import store as previews
from funnelproof.previews.preview import PARAMETER, PreviewEnded, previewed, read_token
from funnelproof.walks.walk import PARAMETER as WALK
from funnelproof.web.edge import EdgeAnswer, EdgeRequest
from funnelproof.worlds import store as worlds
from funnelproof.worlds.route import Route
from funnelproof.worlds.world import LIVE, PREVIEW, InvalidRunToken, RunClosed, World, read_run_token


@dataclass(frozen=True, slots=True)
class InRun:
    """The run in whose world a click happens, and as whom it is made."""

    world: World
    who: As


class Setting(NamedTuple):
    """`now` is by the clock of the world; `run` is None where the click is live or a preview."""

    route: Route
    now: Micros
    run: InRun | None = None
    is_preview: bool = False
    cookie: str | None = None
    """What this browser keeps besides: that a walk is its own."""

    @property
    def world(self) -> str:
        if self.is_preview:
            return PREVIEW
        return self.run.world.world if self.run else LIVE


async def setting_of(
    home: Installation, routes: RouteCache, request: EdgeRequest, handle: str, slug: str
) -> Setting | EdgeAnswer:
    """Or a page that asks: whoever follows a walk's link in another browser is most likely a visitor."""
    if TOKEN_HEADER in request.headers:
        return await _setting_in_run(home, request, handle, slug)
    if WALK in request.query:
        joined = await join(home, request, handle, slug)
        if joined is None:
            return which_page(request)
        return _setting_of_walk(joined, slug, home.clock.now())
    route = routes.known(handle, slug)
    if route is None and FORM.fullmatch(handle) and is_slug(slug):
        route = await routes.get(handle, slug)
    if route is None:
        raise LinkNotFound
    now = home.clock.now()
    if PARAMETER in request.query:
        return await _setting_of_preview(home, request, route, now)
    return Setting(route.at(now), now)


async def _setting_of_preview(home: Installation, request: EdgeRequest, route: Route, now: Micros) -> Setting:
    """Never live, also where the preview does not hold: then it is refused."""
    handle, slug = route.link.handle, route.link.slug
    token = parse_qs(request.query, errors="replace").get(PARAMETER, [""])[0]
    preview_id = read_token(token, handle, home.keyring)
    preview = await home.database.read(lambda tx: previews.find(tx, handle, preview_id))
    if preview is None or preview.slug != slug or not preview.is_open(now) or not preview.fits(route):
        raise PreviewEnded
    return Setting(previewed(route, preview.variant), now, is_preview=True)


def _setting_of_walk(joined: Joined, slug: str, now: Micros) -> Setting:
    snapshot = joined.world.snapshot
    route = snapshot.route(slug)
    if route is None:
        raise LinkNotFound(f"The campaign of this walk has no link {slug[:24]!r}.")
    who = As("walk", variant=snapshot.campaign.variant_id(joined.walk.variant))
    return Setting(route, now, InRun(joined.world, who), cookie=joined.cookie)


async def _setting_in_run(home: Installation, request: EdgeRequest, handle: str, slug: str) -> Setting:
    of_handle, name = read_run_token(request.headers[TOKEN_HEADER], home.keyring, home.clock.now())
    if of_handle != handle:
        raise InvalidRunToken("This run token belongs to another handle. Take the one that opening your run gave.")
    world = await home.database.read(lambda tx: worlds.find(tx, handle, name))
    if world is None:
        raise InvalidRunToken("The run of this token is no longer there: runs are kept for 30 days. Open a new one.")
    if world.closed_at is not None:
        raise RunClosed
    route = world.snapshot.route(slug)
    if route is None:
        raise LinkNotFound(f"The campaign of this run has no link {slug[:24]!r}.")
    return Setting(route.at(world.clock_at), world.clock_at, InRun(world, read_as(request.headers)))
