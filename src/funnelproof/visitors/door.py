"""The login without any script: a form on the teaser, a page that says to look for mail, a button behind the link."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from jinja2 import Environment, PackageLoader

from funnelproof.errors import NotFound, Problem
from funnelproof.handles import store as handles
from funnelproof.installation import Installation
from funnelproof.pages.headers import HTML, SAFE
from funnelproof.pages.page import LOGIN, VERIFY
from funnelproof.pages.render import assets_version
from funnelproof.visitors import login
from funnelproof.visitors.ask import Asking
from funnelproof.visitors.sessions import Sessions, cookie_in, nonce_cookie, nonce_cookies, session_cookies
from funnelproof.visitors.visitor import ExpiredMagicLink, OtherBrowser
from funnelproof.web.edge import NO_STORE, EdgeAnswer, EdgeRequest, raw_headers
from funnelproof.web.headers import RawHeader
from funnelproof.web.problems import NoSuchMethod, headers_of, status_of

MAX_BODY = 8192
NO_INDEX: RawHeader = (b"x-robots-tag", b"noindex")
PAGES = Environment(loader=PackageLoader("funnelproof.visitors"), autoescape=True, auto_reload=False)


class ElsewhereAsked(Problem):
    """This form was sent by a page of another site. Open the page of the handle and ask there."""

    kind, code, title = "forbidden", "cross_site_form", "A form of another site"


class LoginDoor:
    """`/{handle}/p/login` and `/{handle}/p/verify`."""

    def __init__(self, home: Installation, asking: Asking, sessions: Sessions) -> None:
        self._home, self._asking, self._sessions = home, asking, sessions
        self._secure = home.settings.public_url.startswith("https:")

    async def __call__(self, request: EdgeRequest, handle: str, slug: str) -> EdgeAnswer:
        try:
            if request.method == "POST":
                self._check_own_site(request)
                return await (self._ask(request, handle) if slug == LOGIN else self._enter(request, handle))
            if slug == VERIFY:
                return await self._look(request, handle)
            raise NoSuchMethod("The login form is on the page itself.", allow=["POST"])
        except Problem as problem:
            return await self._refusal(problem, handle)

    async def _ask(self, request: EdgeRequest, handle: str) -> EdgeAnswer:
        form = await _form(request)
        nonce = await self._asking.ask(
            handle, form.get("email", ""), form.get("returnTo", ""), peer=request.peer, headers=request.headers
        )
        cookies = nonce_cookies(handle, nonce, page_path=_page_path(request, handle), secure=self._secure)
        return await self._page("asked.html", handle, cookies)

    async def _look(self, request: EdgeRequest, handle: str) -> EdgeAnswer:
        """A button, and nothing used up: whoever scans mail for bad links follows each of them."""
        token = dict(parse_qsl(request.query)).get("token", "")
        link = await self._home.database.read(lambda tx: login.look(tx, handle, token, now=self._home.clock.now()))
        return await self._page("verify.html", handle, token=token, email=link.email, confirm=False)

    async def _enter(self, request: EdgeRequest, handle: str) -> EdgeAnswer:
        form = await _form(request)
        token, confirmed = form.get("token", ""), form.get("confirm") == "1"
        nonce, now = cookie_in(request.headers, nonce_cookie(handle)), self._home.clock.now()
        try:
            entered = await self._home.database.write(
                lambda tx: login.enter(tx, handle, token, nonce=nonce, confirmed=confirmed, now=now)
            )
        except OtherBrowser:
            link = await self._home.database.read(lambda tx: login.look(tx, handle, token, now=now))
            return await self._page("verify.html", handle, token=token, email=link.email, confirm=True)
        cookies = session_cookies(handle, entered.secret, page_path=_page_path(request, handle), secure=self._secure)
        return EdgeAnswer(303, headers=[(b"location", entered.return_to.encode("latin-1")), NO_STORE, *cookies])

    def _check_own_site(self, request: EdgeRequest) -> None:
        """Browsers say whose page a form is on. Nobody else's page may log a visitor in, least of all as another."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site:
            own = site in ("same-origin", "none")
        else:
            own = origin in ("", "null") or urlsplit(origin).netloc == request.headers.get("host")
        if not own:
            raise ElsewhereAsked

    async def _page(
        self, template: str, handle: str, cookies: list[RawHeader] | None = None, *, status: int = 200, **told: object
    ) -> EdgeAnswer:
        found = await self._home.database.read(lambda tx: handles.find(tx, handle))
        if found is None:
            raise NotFound("There is no such handle.")
        page = PAGES.get_template(template)
        html = page.render(brand=found.name, assets=assets_version(), verify=VERIFY, **told)
        return EdgeAnswer(status, html.encode(), HTML, [*SAFE, NO_STORE, NO_INDEX, *(cookies or [])])

    async def _refusal(self, problem: Problem, handle: str) -> EdgeAnswer:
        """In words for visitors; what is not of the login is for the edge to tell."""
        if isinstance(problem, NotFound | NoSuchMethod):
            raise problem
        answer = await self._page(
            "refused.html",
            handle,
            status=status_of(problem),
            title=problem.title,
            detail=problem.detail,
            faults=[fault.detail for fault in problem.faults],
            again=isinstance(problem, ExpiredMagicLink),
        )
        answer.headers += raw_headers(header for header in headers_of(problem) if header[0] == "Retry-After")
        return answer


def _page_path(request: EdgeRequest, handle: str) -> str:
    """Where this handle's pages are: below its name, or at the root of its own host."""
    return f"/{handle}" if request.path.startswith(f"/{handle}/") else "/"


async def _form(request: EdgeRequest) -> Mapping[str, str]:
    body = await request.body(MAX_BODY)
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10))
    except ValueError:
        return {}
