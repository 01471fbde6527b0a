"""From a request to a visit: who clicks, from where, with which tags, as a person or not."""

import asyncio
from functools import lru_cache
from urllib.parse import urlsplit

from funnelproof.clicks.assignment import Kind
from funnelproof.clicks.country import UNKNOWN, Countries
from funnelproof.clicks.device import Device, agent_of
from funnelproof.clicks.inrun import draw_visitor
from funnelproof.clicks.kind import kind_of
from funnelproof.clicks.setting import InRun, Setting
from funnelproof.clicks.visit import Visit
from funnelproof.clicks.visitor import (
    Identity,
    Visitor,
    consent_of,
    cookie_of,
    for_this_click,
    for_today,
    with_cookie,
)
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.links.address import CONTROL_CHARACTERS, MAX_REMEMBERED, REMEMBERED, Tracking, read_query
from funnelproof.links.ctx import Consent
from funnelproof.links.link import UTM_TAGS, Tags
from funnelproof.web.edge import EdgeRequest
from funnelproof.web.peer import TrustedProxies

LONGEST_SOURCE = 100
LONGEST_DOMAIN = 253
LONGEST_REFERRER = 512
DIRECT = "direct"


class Visiting:
    def __init__(self, home: Installation) -> None:
        self._keyring = home.keyring
        self._proxies = TrustedProxies(home.settings.trusted_proxies)
        self._countries = Countries(home.settings, self._proxies)

    async def visit(self, request: EdgeRequest, setting: Setting) -> Visit:
        """Waits for nothing but the first visitor of a day who has no cookie: storage makes the day's salt then."""
        visitor = self._at_hand(request, setting) or await self._by_salt(request, setting)
        route, now, run = setting[:3]
        tags = tags_of(request.query, route.tracking)
        country, device, kind = self._seen_as(request, run)
        return Visit(
            route,
            setting.world,
            f"clk_{request.stamp}",
            now // 1000 * 1000,
            visitor,
            kind,
            country,
            device,
            DIRECT if run else referrer_of(request.headers.get("referer")),
            tags[0][:LONGEST_SOURCE] or DIRECT,
            tags,
            None if request.request_id[4:] == request.stamp else request.request_id,
        )

    def address_of(self, request: EdgeRequest) -> str:
        return self._proxies.client_address(request.peer, request.headers)

    def _seen_as(self, request: EdgeRequest, run: InRun | None) -> tuple[str, str, Kind]:
        """(country, device, kind). In a run only what the request says of itself counts, so that it repeats exactly."""
        if run is not None:
            device = run.who.device or Device.UNKNOWN.value
            return run.who.country or UNKNOWN, device, kind_of(request, is_bot=device == Device.BOT)
        agent = agent_of(request.headers.get("user-agent"))
        country = self._countries.of(request.peer, request.headers)
        return country, agent.device, kind_of(request, is_bot=agent.is_bot)

    def _at_hand(self, request: EdgeRequest, setting: Setting) -> Visitor | None:
        """The visitor, unless it is to be known by today's salt."""
        route, run = setting.route, setting.run
        if setting.is_preview:
            return for_this_click()._replace(identity=Identity.COOKIE, consent=Consent.FULL)
        if run is not None and route.campaign is not None:
            return draw_visitor(route.campaign, run.world.seed, run.who)
        consent = consent_of(request.query, request.headers, route.handle.consent_default)
        if consent is Consent.DENIED:
            return for_this_click()
        if consent is Consent.BASIC:
            return None
        return with_cookie(
            cookie_of(request.headers),
            visitor_key=self._keyring.signing(Purpose.VISITOR, setting.now if run is None else None),
            handle=route.link.handle,
            campaign_id=route.campaign_id,
        )

    async def _by_salt(self, request: EdgeRequest, setting: Setting) -> Visitor:
        return for_today(
            self.address_of(request),
            request.headers.get("user-agent", ""),
            salt=await self._salt(setting),
            visitor_key=self._keyring.signing(Purpose.VISITOR),
            handle=setting.route.link.handle,
            campaign_id=setting.route.campaign_id,
        )

    async def _salt(self, setting: Setting) -> bytes:
        known = self._keyring.known_salt(setting.now)
        if known is None:
            return await asyncio.to_thread(self._keyring.daily_salt, setting.now)
        return known


def tags_of(query: str, tracking: Tracking) -> Tags:
    """The tags of a click: those of its query, completed by the link's `tracking`."""
    return _tags_of(query, tracking) if len(query) <= MAX_REMEMBERED else _tags_of.__wrapped__(query, tracking)


@lru_cache(maxsize=REMEMBERED)
def _tags_of(query: str, tracking: Tracking) -> Tags:
    told, given = read_query(query), dict(tracking)
    source, medium, campaign, term, content = (told.get(name) or given.get(name, "") for name in UTM_TAGS)
    return source, medium, campaign, term, content


def referrer_of(text: str) -> str:
    """The domain a click came from, or `direct`."""
    return _referrer_of(text[:LONGEST_REFERRER]) if text else DIRECT


@lru_cache(maxsize=REMEMBERED)
def _referrer_of(text: str) -> str:
    try:
        host = urlsplit(text).hostname or DIRECT
    except ValueError:
        return DIRECT
    return CONTROL_CHARACTERS.sub("", host)[:LONGEST_DOMAIN] or DIRECT
