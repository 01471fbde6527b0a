"""Route preview: where a visitor would be led, without leaving a click."""

import secrets
from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import Field

from funnelproof.campaigns.link_routes import ROOTS, HandleName, Slug
from funnelproof.clicks.assignment import Decision, Kind, Seen, Standing, decide
from funnelproof.clicks.cache import read_route
from funnelproof.clicks.store import find_standing
from funnelproof.clicks.visitor import COOKIE_VALUE, Visitor, with_cookie
from funnelproof.errors import Problem
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.links.ctx import Cohort
from funnelproof.links.link import LinkNotFound, check_not_used_up, check_open
from funnelproof.links.requests import Country, Device, Word
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import Shape, View, example
from funnelproof.worlds.route import Route
from funnelproof.worlds.world import LIVE


class PreviewBody(Shape):
    """Who would click. Without a visitor, one is made up: 32 lower-case hex digits, as in the cookie fp_vid."""

    model_config = example({"country": "IN", "device": "MOBILE"})

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


@dataclass(frozen=True, slots=True)
class Found:
    route: Route
    visitor: Visitor
    standing: Standing | None


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["links"])
    for root in ROOTS:
        _add_preview(router, home, root)
    return router


def _add_preview(router: APIRouter, home: Installation, root: str) -> None:
    @router.post(root + "/{slug}/route-preview", responses=refusals(LinkNotFound))
    async def preview_route(handle: HandleName, slug: Slug, body: PreviewBody) -> PreviewView:
        """Where this visitor would be led now, and as what it would count. Nothing is recorded."""
        cookie = body.visitor or secrets.token_hex(16)
        found = await home.database.read(lambda tx: _found(home, tx, handle, slug, cookie))
        if found is None:
            raise LinkNotFound(f"This handle has no link {slug!r}; slugs are case-sensitive.")
        now = home.clock.now()
        try:
            check_open(found.route.link, now)
            check_not_used_up(found.route.link)
        except Problem as closed:
            return PreviewView(
                open=False, reason=closed.detail, destination_url=None, variant_id=None, cohort=None, visitor=cookie
            )
        seen = Seen(now, Kind.PERSON, body.country, body.device, body.source)
        return _view(found.route, decide(found.route.at(now), found.visitor, found.standing, seen=seen), cookie)


def _found(home: Installation, tx: Transaction, handle: str, slug: str, cookie: str) -> Found | None:
    route = read_route(tx, handle, slug)
    if route is None:
        return None
    campaign_id = route.campaign.campaign_id if route.campaign else ""
    key = home.keyring.signing(Purpose.VISITOR)
    visitor = with_cookie(cookie, visitor_key=key, handle=handle, campaign_id=campaign_id)
    return Found(route, visitor, find_standing(tx, handle, LIVE, (campaign_id, visitor.key)))


def _view(route: Route, decision: Decision, visitor: str) -> PreviewView:
    return PreviewView(
        open=True,
        reason=None,
        destination_url=decision.destination,
        variant_id=route.campaign.variant_id(decision.variant) if route.campaign else None,
        cohort=decision.cohort,
        visitor=visitor,
    )
