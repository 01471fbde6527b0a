"""POST /v2/public/handles/{handle}/page-events: a hosted page tells that it was seen, or which button was used."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import Field

from funnelproof.access.guard import RequestId
from funnelproof.campaigns.routes import HandleName
from funnelproof.clicks.device import agent_of
from funnelproof.clock import MINUTE
from funnelproof.errors import Problem, invalid
from funnelproof.installation import Installation
from funnelproof.links.ctx import Ctx, InvalidCtx, Reason, key_is_known, open_ctx
from funnelproof.pages.cache import PageCache, Standing
from funnelproof.pages.events import PageEvent, PageEventKind, count_events
from funnelproof.pages.page import PAGE_SLUG, PageNotPublished
from funnelproof.pages.rules import ctas
from funnelproof.pages.texts import of_variant
from funnelproof.web.openapi import refusals
from funnelproof.web.peer import TrustedProxies
from funnelproof.web.shape import Shape, View, example
from funnelproof.web.throttle import Throttle, neighbourhood

EVENTS_A_MINUTE = 600
"""An office or a phone network shares an address: this stops machines, not people."""
PATH = "/v2/public/handles/{handle}/page-events"


class PageEventBody(Shape):
    model_config = example({"event": "CTA_CLICK", "pageSlug": "gharart-lamp", "ctaId": "hero-buy"})

    event: PageEventKind
    page_slug: str = Field(pattern=PAGE_SLUG)
    cta_id: str | None = Field(None, max_length=32, description="Which button, for CTA_CLICK.")
    ctx: str | None = Field(None, max_length=256)


class TooManyPageEvents(Problem):
    """So many views and clicks a minute are taken from one network, no more. They are not counted."""

    kind, code, title = "limited", "rate_limited", "Too many page events"
    retry_after_seconds = 60


class PageEventView(View):
    """COUNTED, or NOT_COUNTED: by a bot, or in a preview."""

    status: str
    request_id: str


def routes(home: Installation, pages: PageCache) -> APIRouter:
    router = APIRouter(tags=["pages"])
    throttle = Throttle(home.clock, most=EVENTS_A_MINUTE, span=MINUTE)
    proxies = TrustedProxies(home.settings.trusted_proxies)

    @router.post(PATH, status_code=202, responses=refusals(PageNotPublished, InvalidCtx, TooManyPageEvents))
    async def count_page_event(
        handle: HandleName,
        body: PageEventBody,
        request: Request,
        request_id: RequestId,
        user_agent: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> PageEventView:
        """Count a view of a published page, or a click on one of its buttons. Bots are not counted."""
        peer = request.client.host if request.client else ""
        if not throttle.takes((handle, neighbourhood(proxies.client_address(peer, request.headers)))):
            raise TooManyPageEvents
        standing = await pages.get(handle, body.page_slug)
        if standing is None:
            raise PageNotPublished
        _check_cta(body, standing)
        ctx = await _opened(home, handle, body.ctx) if body.ctx else None
        counted = not agent_of(user_agent).is_bot and await _count(home, standing, body, ctx)
        return PageEventView(status="COUNTED" if counted else "NOT_COUNTED", request_id=request_id)

    return router


async def _count(home: Installation, standing: Standing, body: PageEventBody, ctx: Ctx | None) -> bool:
    page = standing.page
    own = ctx if ctx is not None and ctx.campaign == page.campaign_id else None
    event = PageEvent(page.handle, page.campaign_id, body.event, home.clock.now(), own, body.cta_id or "")
    counted: bool = await home.lane.submit(count_events, event, handle=page.handle)
    return counted


def _check_cta(body: PageEventBody, standing: Standing) -> None:
    """Names are counted by, so only those that the page has are taken."""
    if body.event is PageEventKind.PAGE_VIEW:
        if body.cta_id is not None:
            raise invalid("ctaId", "belongs to CTA_CLICK; leave it out.")
        return
    if body.cta_id not in cta_ids(standing):
        raise invalid("ctaId", "is no button of this page.", code="not_one_of")


def cta_ids(standing: Standing) -> set[str]:
    """Of all buttons of a page, whatever the variant."""
    document = standing.page.content.document
    shown = (of_variant(document, variant_id) for variant_id in (None, *standing.variants))
    return {cta["id"] for own in shown for _, cta in ctas(own)}


async def _opened(home: Installation, handle: str, text: str) -> Ctx:
    if not key_is_known(text, home.keyring):
        await asyncio.to_thread(home.keyring.refresh)
    ctx = open_ctx(text, home.keyring)
    if ctx.handle != handle:
        raise InvalidCtx(Reason.WRONG_HANDLE, "The ctx belongs to another handle than this page.")
    return ctx
