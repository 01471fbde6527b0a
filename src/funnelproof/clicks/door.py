"""GET /{handle}/{slug}: bytes in, one redirect out, the click durable before it leaves."""

from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from funnelproof.access.passwords import matches
from funnelproof.clicks.assignment import Kind
from funnelproof.clicks.cache import RouteCache
from funnelproof.clicks.country import Countries
from funnelproof.clicks.device import agent_of
from funnelproof.clicks.follow import Click, Visit, follow
from funnelproof.clicks.inrun import TOKEN_HEADER, As, draw_visitor, read_as
from funnelproof.clicks.pages import bridge_page, password_page
from funnelproof.clicks.visitor import (
    Visitor,
    consent_of,
    cookie_header,
    cookie_of,
    for_this_click,
    for_today,
    with_cookie,
)
from funnelproof.clock import MINUTE, Micros
from funnelproof.errors import Problem, Unavailable
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.links.address import arrival_address, read_query
from funnelproof.links.ctx import Cohort, Consent, Ctx, mint
from funnelproof.links.link import UTM_TAGS, Link, LinkMode, LinkNotFound, OnStorageFailure, check_open, is_slug
from funnelproof.web.edge import EdgeAnswer, EdgeRequest
from funnelproof.web.peer import TrustedProxies
from funnelproof.web.problems import NoSuchMethod
from funnelproof.worlds import store as worlds
from funnelproof.worlds.route import Route
from funnelproof.worlds.world import LIVE, InvalidRunToken, RunClosed, World, mode_of, read_run_token

PASSWORD_TRIES = 5
PASSWORD_BODY = 2048
LONGEST_SOURCE = 100


class TooManyPasswords(Problem):
    """Five passwords a minute are tried here, no more. Wait a minute."""

    kind, code, title = "limited", "rate_limited", "Too many tries"
    retry_after_seconds = 60


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a click happens: live, or in a run's world with its snapshot and clock."""

    route: Route
    world: World | None
    now: Micros
    who: As | None


class FollowDoor:
    def __init__(self, home: Installation, routes: RouteCache) -> None:
        self._home, self._routes = home, routes
        self._proxies = TrustedProxies(home.settings.trusted_proxies)
        self._countries = Countries(home.settings, self._proxies)
        self._tries: OrderedDict[tuple[str, str, str], deque[Micros]] = OrderedDict()
        self._secure = home.settings.public_url.startswith("https:")
        self.untracked = 0

    async def __call__(self, request: EdgeRequest, handle: str, slug: str) -> EdgeAnswer:
        setting = await self._setting(request, handle, slug)
        link = setting.route.link
        if setting.world is None:
            check_open(link, setting.now)
            if link.password_hash is None and request.method == "POST":
                raise NoSuchMethod("A link without a password takes GET and HEAD.", allow=["GET", "HEAD"])
            if link.password_hash is not None:
                if request.method != "POST":
                    return password_page(request, wrong=False)
                if not await self._password_holds(request, link):
                    return password_page(request, wrong=True)
        visit = self._visit(request, setting)
        try:
            click: Click = await self._home.lane.submit(follow, visit)
        except Unavailable:
            return self._lead_on(request, visit)
        return self._answer(request, click, setting.world)

    async def _setting(self, request: EdgeRequest, handle: str, slug: str) -> Setting:
        if TOKEN_HEADER in request.headers:
            return await self._run_setting(request, handle, slug)
        route = await self._routes.get(handle, slug) if is_slug(slug) else None
        if route is None:
            raise LinkNotFound
        return Setting(route, None, self._home.clock.now(), None)

    async def _run_setting(self, request: EdgeRequest, handle: str, slug: str) -> Setting:
        of_handle, name = read_run_token(request.headers[TOKEN_HEADER], self._home.keyring, self._home.clock.now())
        if of_handle != handle:
            raise InvalidRunToken
        world = await self._home.database.read(lambda tx: worlds.find(tx, handle, name))
        if world is None:
            raise InvalidRunToken
        if world.closed_at is not None:
            raise RunClosed
        route = world.snapshot.route(slug)
        if route is None:
            raise LinkNotFound(f"The campaign of this run has no link {slug[:24]!r}.")
        check_open(route.link, world.clock_at)
        return Setting(route, world, world.clock_at, read_as(request.headers))

    async def _password_holds(self, request: EdgeRequest, link: Link) -> bool:
        address = self._proxies.client_address(request.peer, request.headers)
        self._count_try((link.handle, link.slug, address), self._home.clock.now())
        form = parse_qs((await request.body(PASSWORD_BODY)).decode("utf-8", "replace"))
        return await matches(link.password_hash, form.get("password", [""])[0])

    def _count_try(self, who: tuple[str, str, str], now: Micros) -> None:
        tries = self._tries.setdefault(who, deque(maxlen=PASSWORD_TRIES))
        self._tries.move_to_end(who)
        if len(self._tries) > 10_000:
            self._tries.popitem(last=False)
        if len(tries) == PASSWORD_TRIES and tries[0] > now - MINUTE:
            raise TooManyPasswords
        tries.append(now)

    def _visit(self, request: EdgeRequest, setting: Setting) -> Visit:
        link, who = setting.route.link, setting.who
        query, headers = read_query(request.query), request.headers
        agent = agent_of(headers.get("user-agent", ""))
        tags = {name: (query.get(name) or link.tracking.get(name, ""))[:200] for name in UTM_TAGS}
        tags = {name: value for name, value in tags.items() if value}
        in_run = who is not None
        return Visit(
            route=setting.route,
            world=setting.world.world if setting.world else LIVE,
            click_id=f"clk_{request.stamp}",
            at=setting.now // 1000 * 1000,
            visitor=self._visitor(request, setting),
            kind=Kind.PERSON if in_run and request.method == "GET" else kind_of(request, is_bot=agent.is_bot),
            country=(who.country if who else None) or self._countries.of(request.peer, headers),
            device=(who.device if who else None) or ("UNKNOWN" if in_run else agent.device.value),
            referrer="direct" if in_run else referrer_of(headers.get("referer", "")),
            source=tags.get("utm_source", "direct")[:LONGEST_SOURCE],
            tags=tags,
            request_id=None if request.request_id == f"req_{request.stamp}" else request.request_id,
        )

    def _visitor(self, request: EdgeRequest, setting: Setting) -> Visitor:
        handle, campaign = setting.route.link.handle, setting.route.campaign
        campaign_id = campaign.campaign_id if campaign else ""
        visitor_key = self._home.keyring.signing(Purpose.VISITOR).secret
        if setting.world is not None and setting.who is not None and campaign is not None:
            cookie = draw_visitor(campaign, setting.world.seed, setting.who)
            known = with_cookie(cookie, visitor_key=visitor_key, handle=handle, campaign_id=campaign_id)
            return replace(known, cookie=None)
        consent = consent_of(request.query, request.headers, setting.route.handle.consent_default)
        if consent is Consent.DENIED:
            return for_this_click()
        if consent is Consent.FULL:
            cookie_value = cookie_of(request.headers)
            return with_cookie(cookie_value, visitor_key=visitor_key, handle=handle, campaign_id=campaign_id)
        return for_today(
            self._proxies.client_address(request.peer, request.headers),
            request.headers.get("user-agent", ""),
            salt=self._home.keyring.daily_salt(setting.now),
            visitor_key=visitor_key,
            handle=handle,
            campaign_id=campaign_id,
        )

    def _answer(self, request: EdgeRequest, click: Click, world: World | None) -> EdgeAnswer:
        link, visit = click.visit.route.link, click.visit
        ctx = mint(ctx_of(click, world), self._home.keyring.signing(Purpose.CTX)) if link.append_ctx else None
        address = arrival_address(
            click.decision.destination, click_query=request.query, tracking=link.tracking, ctx=ctx
        )
        answer = _led_to(address, link, request)
        if visit.visitor.is_new and visit.visitor.cookie:
            answer.headers.append(
                ("Set-Cookie", cookie_header(visit.visitor.cookie, handle=link.handle, secure=self._secure))
            )
        return answer

    def _lead_on(self, request: EdgeRequest, visit: Visit) -> EdgeAnswer:
        """Storage is away: the link says whether a buyer is refused or led on without a ctx."""
        link = visit.route.link
        if link.on_storage_failure is OnStorageFailure.REFUSE or visit.world != LIVE:
            raise Unavailable
        self.untracked += 1
        return _led_to(
            arrival_address(link.destination_url, click_query=request.query, tracking=link.tracking, ctx=None),
            link,
            request,
        )


def ctx_of(click: Click, world: World | None) -> Ctx:
    visit, decision = click.visit, click.decision
    campaign = visit.route.campaign
    return Ctx(
        mode=mode_of(visit.world),
        handle=visit.route.link.handle,
        slug=visit.route.link.slug,
        campaign=visit.campaign_id,
        variant=decision.variant,
        cohort=decision.cohort if campaign else Cohort.NONE,
        epoch=decision.epoch,
        phase=decision.phase,
        click_id=visit.click_id,
        visitor=visit.visitor.key,
        issued_at=visit.at,
        ttl_seconds=campaign.ctx_ttl_seconds if campaign else 86_400,
        consent=visit.visitor.consent,
        run=world.number if world else 0,
    )


def kind_of(request: EdgeRequest, *, is_bot: bool) -> Kind:
    if is_bot:
        return Kind.BOT
    if request.method == "HEAD":
        return Kind.HEAD
    purpose = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    return Kind.PREFETCH if "prefetch" in purpose else Kind.PERSON


def referrer_of(text: str) -> str:
    """The domain a click came from, or `direct`."""
    try:
        return (urlsplit(text).hostname or "direct")[:253]
    except ValueError:
        return "direct"


def _led_to(address: str, link: Link, request: EdgeRequest) -> EdgeAnswer:
    if link.mode is LinkMode.BRIDGE:
        return bridge_page(address)
    status = 303 if request.method == "POST" else link.redirect_type
    return EdgeAnswer(status, headers=[("Location", address), ("Cache-Control", "no-store")])
