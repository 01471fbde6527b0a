"""GET /{handle}/p/{pageSlug}: the published page from memory, in the words of the visitor's variant and region."""

import asyncio
import hashlib
from urllib.parse import unquote_plus

from funnelproof.clicks.cache import RouteCache
from funnelproof.clicks.country import Countries
from funnelproof.handles.handle import FORM
from funnelproof.installation import Installation
from funnelproof.links.ctx import Ctx, InvalidCtx, key_is_known, open_ctx
from funnelproof.pages.cache import PageCache, Rendering, Renderings, Standing
from funnelproof.pages.drafts import DraftDoor
from funnelproof.pages.headers import HTML, SAFE
from funnelproof.pages.page import (
    LOGIN,
    PREVIEW,
    SHARE,
    VERIFY,
    LoginRequired,
    PageNotPublished,
    Published,
    is_page_slug,
)
from funnelproof.pages.render import ROOM, Place, Wanted, asset, render, render_teaser
from funnelproof.pages.requests import Addresses
from funnelproof.pages.texts import DEFAULT
from funnelproof.pages.visit import Visitors, check_access
from funnelproof.web.edge import NO_STORE, EdgeAnswer, EdgeRequest, LinkDoor
from funnelproof.web.headers import RawHeader
from funnelproof.web.peer import TrustedProxies
from funnelproof.web.problems import NoSuchMethod

ASK_AGAIN: RawHeader = (b"cache-control", b"private, no-cache")
FOR_GOOD: RawHeader = (b"cache-control", b"public, max-age=31536000, immutable")
REGION = "fp_region"
VARIES: RawHeader = (b"vary", b"cookie")


class PageDoor:
    """Whoever has a ctx sees the texts of its variant, and every button and form carries it on."""

    def __init__(self, home: Installation, routes: RouteCache, visitors: Visitors, logins: LinkDoor) -> None:
        self._home, self._visitors, self._logins = home, visitors, logins
        self.pages = PageCache(home.database, routes)
        self._renderings = Renderings()
        self._countries = Countries(home.settings, TrustedProxies(home.settings.trusted_proxies))
        self._addresses = Addresses(home.settings)
        self._drafts = DraftDoor(home)

    async def __call__(self, request: EdgeRequest, handle: str, slug: str) -> EdgeAnswer:
        if slug in (LOGIN, VERIFY) and FORM.fullmatch(handle):
            return await self._logins(request, handle, slug)
        if request.method == "POST":
            raise NoSuchMethod("A page takes GET and HEAD.", allow=["GET", "HEAD"])
        if slug in (PREVIEW, SHARE):
            return await self._drafts(request, handle, slug)
        standing = self.pages.known(handle, slug)
        if standing is None and FORM.fullmatch(handle) and is_page_slug(slug):
            standing = await self.pages.get(handle, slug)
        if standing is None:
            raise PageNotPublished("No page is published at this address.")
        page = standing.page
        if page.content.slug != slug:
            return self._moved(request, page)
        query = request.query
        ctx = await self._ctx(query, page) if "ctx=" in query else None
        region = self._region(request, standing) if standing.regions else DEFAULT
        try:
            url = self._addresses.page(handle, slug)
            await check_access(page, self._visitors, request.headers, login_url=url)
        except LoginRequired:
            return await self._teaser(request, page, region)
        return await self._shown(request, standing, region, ctx)

    async def _shown(
        self, request: EdgeRequest, standing: Standing, region: str, ctx: tuple[str, Ctx] | None
    ) -> EdgeAnswer:
        variant_id = _variant(standing, ctx[1]) if ctx and standing.variants else None
        page = standing.page
        key = (page.handle, page.campaign_id, page.version.version, variant_id, region, ctx is None)
        rendering = self._renderings.get(key)
        if rendering is None:
            rendering = await asyncio.to_thread(self._render, page, variant_id, region, with_ctx=ctx is not None)
            self._renderings.keep(key, rendering)
        etag = f'"{rendering.etag}.{ctx[0][-22:]}"' if ctx else f'"{rendering.etag}"'
        headers = [*SAFE, ASK_AGAIN, VARIES, (b"etag", etag.encode())]
        if b"if-none-match" in request.headers.raw and etag in request.headers["if-none-match"]:
            return EdgeAnswer(304, headers=headers)
        body = ctx[0].encode().join(rendering.parts) if ctx else rendering.parts[0]
        return EdgeAnswer(200, body, HTML, headers)

    def _render(self, page: Published, variant_id: str | None, region: str, *, with_ctx: bool) -> Rendering:
        place = Place(page.handle, page.campaign_id, self._addresses.page(page.handle, page.content.slug))
        html = render(page.content, place, Wanted(variant_id, region, ROOM if with_ctx else None)).encode()
        etag = hashlib.sha256(html.replace(ROOM.encode(), b"")).hexdigest()[:32]
        return Rendering(tuple(html.split(ROOM.encode())), etag)

    async def _teaser(self, request: EdgeRequest, page: Published, region: str) -> EdgeAnswer:
        place = Place(page.handle, page.campaign_id, self._addresses.page(page.handle, page.content.slug))
        wanted = f"{request.path}?{request.query}" if request.query else request.path
        html = await asyncio.to_thread(render_teaser, page.content, place, region, wanted)
        return EdgeAnswer(200, html.encode(), HTML, [*SAFE, NO_STORE, VARIES])

    def _moved(self, request: EdgeRequest, page: Published) -> EdgeAnswer:
        """An address that was published once leads on to the page's present one, with all that it brought."""
        address = self._addresses.page(page.handle, page.content.slug)
        address += f"?{request.query}" if request.query else ""
        return EdgeAnswer(302, headers=[(b"location", address.encode("latin-1", "replace")), NO_STORE])

    async def _ctx(self, query: str, page: Published) -> tuple[str, Ctx] | None:
        """A ctx of this handle whose signature holds, also one that has expired: its conversion says so. Else none."""
        text = told(query, "ctx")
        if text and not key_is_known(text, self._home.keyring):
            await asyncio.to_thread(self._home.keyring.refresh)
        try:
            ctx = open_ctx(text, self._home.keyring)
        except InvalidCtx:
            return None
        return (text, ctx) if ctx.handle == page.handle else None

    def _region(self, request: EdgeRequest, standing: Standing) -> str:
        """The visitor's country, or the one asked for by `fp_region`, where the page has words for it."""
        asked = told(request.query, REGION).upper()
        region = asked or self._countries.of(request.peer, request.headers)
        return region if region in standing.regions else DEFAULT


def told(query: str, name: str) -> str:
    """The first value of a name in a query; empty if it is not there."""
    own = next((part for part in query.split("&") if part.startswith(f"{name}=")), "")
    return unquote_plus(own[len(name) + 1 :], errors="replace") if own else ""


def _variant(standing: Standing, ctx: Ctx) -> str | None:
    """The id of the ctx's variant, if it is of this page's campaign and has texts of its own."""
    found = standing.variant_ids.get(ctx.variant) if ctx.campaign == standing.page.campaign_id else None
    return found if found in standing.variants else None


async def stylesheet(_request: EdgeRequest) -> EdgeAnswer:
    return EdgeAnswer(200, asset("page.css"), "text/css; charset=utf-8", [FOR_GOOD])


async def script(_request: EdgeRequest) -> EdgeAnswer:
    return EdgeAnswer(200, asset("page.js"), "text/javascript; charset=utf-8", [FOR_GOOD])
