"""GET /{handle}/{slug}: bytes in, one redirect out, the click durable before it leaves."""

from funnelproof.clicks.cache import RouteCache
from funnelproof.clicks.follow import Click, follow
from funnelproof.clicks.pages import bridge_page, password_page
from funnelproof.clicks.password import PasswordGate
from funnelproof.clicks.setting import InRun, Setting, setting_of
from funnelproof.clicks.visiting import Visiting
from funnelproof.clicks.visitor import cookie_header
from funnelproof.clicks.walking import walk_cookie
from funnelproof.errors import Unavailable
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.links.address import arrival_address
from funnelproof.links.ctx import Ctx, mint
from funnelproof.links.link import Link, LinkMode, OnStorageFailure, check_open
from funnelproof.web.edge import NO_STORE, EdgeAnswer, EdgeRequest
from funnelproof.web.headers import RawHeader
from funnelproof.web.problems import NoSuchMethod
from funnelproof.worlds.world import LIVE, PREVIEW, mode_of

TTL_WITHOUT_CAMPAIGN_SECONDS = 86_400
NO_INDEX = (b"x-robots-tag", b"noindex")


class FollowDoor:
    """`untracked` counts who was led on without a click, because storage was away and the link says so."""

    def __init__(self, home: Installation, routes: RouteCache) -> None:
        self._home, self._routes = home, routes
        self._visiting = Visiting(home)
        self._passwords = PasswordGate(home.clock)
        self._secure = home.settings.public_url.startswith("https:")
        self.untracked = 0

    async def __call__(self, request: EdgeRequest, handle: str, slug: str) -> EdgeAnswer:
        setting = await setting_of(self._home, self._routes, request, handle, slug)
        if isinstance(setting, EdgeAnswer):
            return setting
        link = setting.route.link
        check_open(link, setting.now)
        if link.password_hash is not None and setting.run is None:
            if (asked := await self._ask_password(request, link)) is not None:
                return asked
        elif request.method == "POST":
            raise NoSuchMethod("A link without a password takes GET and HEAD.", allow=["GET", "HEAD"])
        try:
            visit = await self._visiting.visit(request, setting)
            click: Click = await self._home.lane.submit(follow, visit, handle=handle)
        except Unavailable:
            return self._lead_on(request, setting)
        answer = self._answer(request, click, setting.run)
        if setting.cookie is not None:
            answer.headers.append(self._kept(setting.cookie, request, handle))
        return answer

    async def _ask_password(self, request: EdgeRequest, link: Link) -> EdgeAnswer | None:
        """The page that asks for it, or None: the right one was given."""
        if request.method != "POST":
            return password_page(request, wrong=False)
        holds = await self._passwords.holds(request, link, self._visiting.address_of(request))
        return None if holds else password_page(request, wrong=True)

    def _answer(self, request: EdgeRequest, click: Click, run: InRun | None) -> EdgeAnswer:
        link, visitor = click.visit.route.link, click.visit.visitor
        now = click.visit.at if run is None else None
        ctx = mint(ctx_of(click, run), self._home.keyring.signing(Purpose.CTX, now)) if link.append_ctx else None
        address = arrival_address(
            click.decision.destination, click_query=request.query, tracking=click.visit.route.tracking, ctx=ctx
        )
        answer = _led_to(address, link, request)
        if click.visit.world == PREVIEW:
            answer.headers.append(NO_INDEX)
        if visitor.is_new and visitor.cookie:
            path = f"/{link.handle}" if request.path.startswith(f"/{link.handle}/") else "/"
            cookie = cookie_header(visitor.cookie, path=path, secure=self._secure)
            answer.headers.append((b"set-cookie", cookie.encode()))
        return answer

    def _kept(self, value: str, request: EdgeRequest, handle: str) -> RawHeader:
        path = f"/{handle}" if request.path.startswith(f"/{handle}/") else "/"
        return b"set-cookie", walk_cookie(value, path=path, secure=self._secure).encode()

    def _lead_on(self, request: EdgeRequest, setting: Setting) -> EdgeAnswer:
        """Storage is away: the link says whether a buyer is refused or led on without a ctx."""
        link = setting.route.link
        if link.on_storage_failure is OnStorageFailure.REFUSE or setting.world != LIVE:
            raise Unavailable
        self.untracked += 1
        tracking = setting.route.tracking
        address = arrival_address(link.destination_url, click_query=request.query, tracking=tracking, ctx=None)
        return _led_to(address, link, request)


def ctx_of(click: Click, run: InRun | None) -> Ctx:
    visit, decision = click.visit, click.decision
    campaign = visit.route.campaign
    link = visit.route.link
    return Ctx(
        mode_of(visit.world),
        link.handle,
        link.slug,
        visit.route.campaign_id,
        decision.variant,
        decision.cohort,
        decision.epoch,
        decision.phase,
        visit.click_id,
        visit.visitor.key,
        visit.at,
        campaign.ctx_ttl_seconds if campaign else TTL_WITHOUT_CAMPAIGN_SECONDS,
        visit.visitor.consent,
        run.world.number if run else 0,
    )


def _led_to(address: str, link: Link, request: EdgeRequest) -> EdgeAnswer:
    if link.mode is LinkMode.BRIDGE:
        return bridge_page(address)
    status = 303 if request.method == "POST" else link.redirect_type
    return EdgeAnswer(status, b"", None, [(b"location", address.encode("latin-1", "replace")), NO_STORE])
