"""The step `page_ready`: the campaign's page as the visitor of this very click would get it."""

import html
import re
from typing import Any

from funnelproof.clicks.cache import RouteCache
from funnelproof.errors import Problem
from funnelproof.installation import Installation
from funnelproof.pages import store
from funnelproof.pages.door import PageDoor
from funnelproof.pages.page import AccessMode, LoginRequired, Page, PageNotPublished, Published
from funnelproof.pages.render import Place, Wanted, render
from funnelproof.pages.structure import document_faults
from funnelproof.pages.texts import DEFAULT
from funnelproof.pages.visit import NobodyLogsIn, check_access, published_page
from funnelproof.proofs import steps
from funnelproof.proofs.probe import Probe
from funnelproof.proofs.receipt import Step
from funnelproof.web.edge import EdgeAnswer, EdgeRequest

ID = "page_ready"
BUTTON = re.compile(r'<a class="button[^>]* href="([^"]*)"')
NO_PAGE = "the campaign has no page"
SUCCEEDS, ASKS = "succeeds", "succeeds after a login"


class PageReady:
    def __init__(self, home: Installation, routes: RouteCache, probe: Probe) -> None:
        self._home, self._probe = home, probe
        self._visitors = NobodyLogsIn()
        self._door = PageDoor(home, routes, self._visitors, _no_logins)

    async def step(self, handle: str, campaign_id: str, *, named: str | None, variant_id: str, ctx: str) -> Step:
        """`named` is the page that the campaign names; `variant_id` and `ctx` are those of the click."""
        page = await self._home.database.read(lambda tx: store.find(tx, handle, campaign_id))
        if page is None and named is None:
            return steps.skipped(ID, NO_PAGE)
        expected = _expected(page)
        try:
            published = await self._home.database.read(lambda tx: published_page(tx, handle, campaign_id))
        except Problem as problem:
            return steps.compared(ID, expected, {"published": False, "detail": problem.detail})
        observed = {
            "published": True,
            "accessMode": published.content.access_mode.value,
            "schemaFetch": await self._fetch(published),
            "buttonsCarryCtx": await self._carries(published, variant_id, ctx) if ctx else True,
        }
        return steps.compared(ID, expected, observed, version=published.version.version)

    async def _fetch(self, published: Published) -> str:
        """The schema fetch of somebody who has not logged in, and whether what it gives fits its schema."""
        fits = not document_faults(published.content.structure_type, published.content.document)
        try:
            await check_access(published, self._visitors, {}, login_url="")
        except LoginRequired:
            return ASKS if fits else "the document does not fit its schema"
        return SUCCEEDS if fits else "the document does not fit its schema"

    async def _carries(self, published: Published, variant_id: str, ctx: str) -> bool:
        shown = await self._shown(published, variant_id, ctx)
        leading = [html.unescape(href) for href in BUTTON.findall(shown)]
        return all(f"ctx={ctx}" in href for href in leading if not href.startswith("#"))

    async def _shown(self, published: Published, variant_id: str, ctx: str) -> str:
        """Through the page's own door; what asks for a login is shown as it will be afterwards."""
        content = published.content
        if content.access_mode is AccessMode.PUBLIC:
            return await self._probe.page(self._door, published.handle, content.slug, ctx)
        return render(content, Place(published.handle, published.campaign_id, ""), Wanted(variant_id, DEFAULT, ctx))


async def _no_logins(_request: EdgeRequest, _handle: str, _slug: str) -> EdgeAnswer:
    raise PageNotPublished("A test asks for no login.")


def _expected(page: Page | None) -> dict[str, Any]:
    mode = page.draft.access_mode if page else AccessMode.PUBLIC
    fetch = SUCCEEDS if mode is AccessMode.PUBLIC else ASKS
    return {"published": True, "accessMode": mode.value, "schemaFetch": fetch, "buttonsCarryCtx": True}
