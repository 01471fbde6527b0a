"""The dashboard's door: addresses under /app to screens, forms to acts, refusals to words."""

import hmac
import logging
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from babel import Locale, UnknownLocaleError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funnelproof.clock import SECOND
from funnelproof.dashboard import live, render, static
from funnelproof.dashboard.inside import Call, Inside, Refused
from funnelproof.dashboard.session import Renewals, Seat, is_due, seat_of
from funnelproof.dashboard.table import Screen, find
from funnelproof.dashboard.visit import Page, Visit
from funnelproof.ids import is_request_id, new_id
from funnelproof.installation import Installation

log = logging.getLogger(__name__)
FORM_LIMIT = 262_144
MOST_FIELDS = 3_000
"""A page of many offers and questions is a long form."""
LIVE = re.compile(r"(/app/[^/]+/campaigns/[^/]+)/live")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
NOT_HERE = {"title": "There is nothing at this address", "detail": "Go back to your campaigns.", "status": 404}
FOREIGN = {
    "title": "This form could not be trusted",
    "detail": "It did not come from this dashboard, or the page was open for too long. Load it anew and send it again.",
    "status": 403,
}
BROKEN = {
    "title": "Something broke on our side",
    "detail": "Try again. If it stays so, tell support the request id below.",
    "status": 500,
}


class Dashboard:
    """ASGI: answers `/`, `/app` and what is below, hands all else to the API, which it asks itself as well."""

    def __init__(self, home: Installation, api: ASGIApp) -> None:
        self._home, self._api = home, api
        self._renewals = Renewals()
        self._secure = home.settings.control_url.startswith("https:")
        self._origin = home.settings.control_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_ours = path in ("/", "/app") or path.startswith("/app/")
        if scope["type"] != "http" or not is_ours:
            await self._api(scope, receive, send)
            return
        request = Request(scope, receive)
        asked = request.headers.get("x-request-id", "")
        request_id = asked if is_request_id(asked) else new_id("req")
        try:
            answer = await self._answer(request, request_id)
        except Exception:
            log.exception("request %s broke: %s %s", request_id, request.method, path)
            answer = render.problem_page({**BROKEN, "requestId": request_id})
        answer.headers["X-Request-Id"] = request_id
        await answer(scope, receive, _without_body(send) if request.method == "HEAD" else send)

    async def _answer(self, request: Request, request_id: str) -> Response:
        path = request.url.path
        if path == "/":
            return RedirectResponse("/app", 307)
        if path.startswith("/app/static/"):
            return static.answer(path.rpartition("/")[2])
        if request.method not in ("GET", "HEAD", "POST"):
            return Response("The dashboard takes GET, HEAD and POST.", 405, {"Allow": "GET, HEAD, POST"})
        visit = self._visit(request)
        await self._renew(visit)
        answer = await self._told(request, visit, request_id)
        visit.seat.write(answer, secure=self._secure)
        return answer

    async def _told(self, request: Request, visit: Visit, request_id: str) -> Response:
        is_live = LIVE.fullmatch(visit.path)
        found = find(is_live[1] if is_live else visit.path)
        if found is None:
            return render.problem_page({**NOT_HERE, "requestId": request_id}, visit)
        screen, visit.parts = found
        try:
            if not screen.is_open and not await self._sign_in(visit):
                return _to_sign_in(request)
            if is_live:
                return await live.stream(visit)
            return await self._screen(request, screen, visit, request_id)
        except Refused as refused:
            return self._refused(request, visit, refused.call)

    def _visit(self, request: Request) -> Visit:
        settings = self._home.settings
        return Visit(
            inside=Inside(self._api, request.scope),
            seat=seat_of(request.cookies),
            path=request.url.path,
            query=dict(request.query_params),
            locale=locale_of(request.headers.get("accept-language", "")),
            now=self._home.clock.now(),
            control_url=settings.control_url,
            public_url=settings.public_url,
        )

    async def _renew(self, visit: Visit) -> None:
        seat = visit.seat
        if seat.session is not None and is_due(seat.session, visit.now // SECOND):
            seat.sit(await self._renewals.renew(visit.inside, seat.session))

    async def _sign_in(self, visit: Visit) -> bool:
        """Whether the API knows this browser's person; and in which handle they stand."""
        if visit.seat.session is None:
            return False
        call = await visit.ask("GET", "/v2/auth/me")
        if call.is_refused:
            visit.seat.sit(None)
            return False
        visit.me = call.answer
        if "handle" in visit.parts:
            place = await visit.ask("GET", visit.api)
            visit.calls.clear()
            if place.is_refused:
                raise Refused(place)
            visit.place = place.answer
        return True

    async def _screen(self, request: Request, screen: Screen, visit: Visit, request_id: str) -> Response:
        if request.method != "POST":
            return render.answer(await screen.show(visit), visit)
        visit.form = await _read_form(request)
        if not self._is_ours(request, visit.seat, visit.form):
            return render.problem_page({**FOREIGN, "requestId": request_id}, visit)
        act = screen.acts.get(visit.form.get("act", ""))
        if act is None:
            return render.problem_page({**NOT_HERE, "requestId": request_id}, visit)
        try:
            return render.answer(await act(visit), visit)
        except Refused as refused:
            visit.problem = refused.call.answer
            shown = await screen.show(visit)
            status = refused.call.status
            return render.answer(shown._replace(status=status) if isinstance(shown, Page) else shown, visit)

    def _refused(self, request: Request, visit: Visit, call: Call) -> Response:
        if call.status == 401:
            visit.seat.sit(None)
            return _to_sign_in(request)
        return render.problem_page(call.answer, visit)

    def _is_ours(self, request: Request, seat: Seat, form: Mapping[str, str]) -> bool:
        """The token of the form, and the origin: of this installation, as configured or as it was asked for."""
        origin = request.headers.get("origin", "")
        same = hmac.compare_digest(urlsplit(origin).netloc.encode(), request.headers.get("host", "").encode())
        return seat.is_own_form(form.get("form", "")) and bool(origin) and (origin == self._origin or same)


def _without_body(send: Send) -> Send:
    async def bare(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return bare


async def _read_form(request: Request) -> dict[str, str]:
    """Fields by name; of several of one name, the values by lines. What is larger than a form may be counts as none."""
    parts: list[bytes] = []
    async for part in request.stream():
        parts.append(part)
        if sum(map(len, parts)) > FORM_LIMIT:
            return {}
    form: dict[str, str] = {}
    text = b"".join(parts).decode("utf-8", "replace")
    if text.count("&") >= MOST_FIELDS:
        return {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        form[name] = f"{form[name]}\n{value}" if name in form else value
    return form


def _to_sign_in(request: Request) -> Response:
    """And back to where one wanted to be. A stream of events is refused: no browser shows what it leads to."""
    if LIVE.fullmatch(request.url.path):
        return Response(status_code=401)
    wanted = request.url.path if request.method == "GET" else "/app"
    return RedirectResponse("/app/signin" if wanted == "/app" else f"/app/signin?next={wanted}", 303)


def locale_of(accepted: str) -> Locale:
    """Numbers and dates by the browser's first language that is known; words are English."""
    for part in accepted.split(","):
        name = part.partition(";")[0].strip()
        if LANGUAGE.fullmatch(name):
            try:
                return Locale.parse(name, sep="-")
            except (UnknownLocaleError, ValueError):
                continue
    return Locale("en", "US")
