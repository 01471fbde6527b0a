"""Route preview: where a visitor would be led, without leaving a click."""

import secrets

from fastapi import APIRouter
from pydantic import Field

from funnelproof.campaigns.link_routes import ROOTS, HandleName, Slug
from funnelproof.clicks.assignment import Decision, Kind, decide
from funnelproof.clicks.cache import read_route
from funnelproof.clicks.visitor import COOKIE_VALUE, with_cookie
from funnelproof.errors import Problem
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.links.ctx import Cohort
from funnelproof.links.link import LinkNotFound, check_open
from funnelproof.links.requests import Country, Device, Word
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import Shape, View
from funnelproof.worlds.route import Route


class PreviewBody(Shape):
    """Who would click. Without a visitor, one is made up: 32 lower-case hex digits, as in the cookie fp_vid."""

    visitor: str | None = Field(None, pattern=f"^{COOKIE_VALUE.pattern}$")
    country: Country = "ZZ"
    device: Device = "UNKNOWN"
    source: Word = "direct"


class PreviewView(View):
    open: bool
    reason: str | None
    destination_url: str | None
    variant_id: str | None
    cohort: Cohort | None
    visitor: str


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["links"])
    for root in ROOTS:
        _add_preview(router, home, root)
    return router


def _add_preview(router: APIRouter, home: Installation, root: str) -> None:
    @router.post(root + "/{slug}/route-preview", responses=refusals(LinkNotFound))
    async def preview_route(handle: HandleName, slug: Slug, body: PreviewBody) -> PreviewView:
        """Where this visitor would be led now, and as what it would count. Nothing is recorded."""
        route = await home.database.read(lambda tx: read_route(tx, handle, slug))
        if route is None:
            raise LinkNotFound(f"This handle has no link {slug!r}; slugs are case-sensitive.")
        visitor = body.visitor or secrets.token_hex(16)
        try:
            check_open(route.link, home.clock.now())
        except Problem as closed:
            return PreviewView(
                open=False, reason=closed.detail, destination_url=None, variant_id=None, cohort=None, visitor=visitor
            )
        return _view(route, _decision(home, route, body, visitor), visitor)


def _decision(home: Installation, route: Route, body: PreviewBody, cookie: str) -> Decision:
    campaign_id = route.campaign.campaign_id if route.campaign else ""
    key = home.keyring.signing(Purpose.VISITOR).secret
    visitor = with_cookie(cookie, visitor_key=key, handle=route.link.handle, campaign_id=campaign_id)
    return decide(route, visitor, None, kind=Kind.PERSON, country=body.country, device=body.device, source=body.source)


def _view(route: Route, decision: Decision, visitor: str) -> PreviewView:
    return PreviewView(
        open=True,
        reason=None,
        destination_url=decision.destination,
        variant_id=route.campaign.variant_id(decision.variant) if route.campaign else None,
        cohort=decision.cohort,
        visitor=visitor,
    )
