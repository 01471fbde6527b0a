"""The edge: what is hot and public, nothing between the socket and the door. Knows bytes, paths and answers only."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from funnelproof.errors import NotFound, Problem
from funnelproof.ids import is_request_id, uuid7_hex
from funnelproof.web import problems
from funnelproof.web.headers import Headers, RawHeader

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_SECONDS = 5.0
NO_STORE: RawHeader = (b"cache-control", b"no-store")
NOBODY = ("", 0)
NO_SNIFFING = (b"x-content-type-options", b"nosniff")
CORS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"X-Request-Id, Retry-After"),
)
PREFLIGHT = (
    *CORS,
    (b"access-control-allow-headers", b"Content-Type, X-Request-Id, Authorization, X-Api-Key"),
    (b"access-control-max-age", b"86400"),
    NO_STORE,
)


@dataclass(slots=True)
class EdgeRequest:
    """`stamp` is the UUIDv7 (hex) of this request: ids minted for it share it. `handle` is set once it is certain."""

    method: str
    path: str
    query: str
    headers: Headers
    peer: str
    stamp: str
    request_id: str
    scope: Scope
    receive: Receive
    handle: str | None = None

    async def body(self, limit: int) -> bytes:
        """The whole body, at most `limit` bytes, within five seconds."""
        told = self.headers.get("content-length", "")
        if told.isascii() and told.isdigit() and int(told[:20]) > limit:
            raise _too_large(limit)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._read(limit)
        except TimeoutError:
            raise problems.SlowBody(f"The body did not arrive within {BODY_SECONDS:.0f} s. Send it again.") from None

    async def _read(self, limit: int) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise problems.BrokenBody
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts)


def _too_large(limit: int) -> problems.TooLarge:
    return problems.TooLarge(f"The body is larger than {limit} bytes, which is what this route takes.", limit=limit)


@dataclass(slots=True)
class EdgeAnswer:
    status: int
    body: bytes = b""
    media_type: str | None = None
    headers: list[RawHeader] = field(default_factory=list)


Door = Callable[[EdgeRequest], Awaitable[EdgeAnswer]]
LinkDoor = Callable[[EdgeRequest, str, str], Awaitable[EdgeAnswer]]
Page = Callable[[Problem, EdgeRequest], EdgeAnswer]
Note = Callable[[Problem, EdgeRequest], None]


def note_nothing(problem: Problem, request: EdgeRequest) -> None:
    """For those who remember no refusals."""


@dataclass(frozen=True, slots=True)
class Doors:
    """`fixed` by path and method; pages of other origins may call those in `cors`.

    `link` takes every `/{handle}/{slug}` whose first segment is not reserved, and `{handle}.{link_domain}/{slug}`.
    `page` takes `/{handle}/p/{pageSlug}` (on a handle's own host, `/p/{pageSlug}`).
    `hosts` are those of the control plane and of links, where these differ: each then answers its own routes only;
    what begins with one of `on_both` is answered by both. `note_refusal` hears of every problem.
    """

    fixed: Mapping[str, Mapping[str, Door]]
    link: LinkDoor
    page: LinkDoor
    problem_page: Page
    cors: frozenset[str]
    reserved: frozenset[str]
    link_domain: str | None = None
    hosts: tuple[str, str] | None = None
    on_both: tuple[str, ...] = ()
    note_refusal: Note = note_nothing

    def is_elsewhere(self, scope: Scope, *, public: bool) -> bool:
        """Whether a route of the public side (or of the other) belongs to another host than was asked."""
        if self.hosts is None:
            return False
        control, links = self.hosts
        asked = _asked(scope)
        below = self.link_domain is not None and _host(scope).endswith(f".{self.link_domain}")
        on_public = asked == links or (below and asked != control)
        return on_public != public

    def link_at(self, scope: Scope) -> tuple[str, str] | None:
        """(handle, slug) of the link that a request is for, if it is for one."""
        parts = scope["path"].split("/", 3)
        first = parts[1] if len(parts) > 1 else ""
        if len(parts) == 3 and first and parts[2] and first not in self.reserved and first != "p":
            return first, parts[2]
        if self.link_domain and first and len(parts) == 2:
            handle = self._handle_of_host(scope)
            return (handle, first) if handle else None
        return None

    def page_at(self, scope: Scope) -> tuple[str, str] | None:
        """(handle, slug) of the page that a request is for, if it is for one."""
        parts = scope["path"].split("/")
        if len(parts) == 4 and parts[2] == "p" and parts[1] and parts[3] and parts[1] not in self.reserved:
            return parts[1], parts[3]
        if self.link_domain and len(parts) == 3 and parts[1] == "p" and parts[2]:
            handle = self._handle_of_host(scope)
            return (handle, parts[2]) if handle else None
        return None

    def _handle_of_host(self, scope: Scope) -> str | None:
        handle, _, domain = _host(scope).partition(".")
        return handle if domain == self.link_domain and handle not in self.reserved else None


class Edge:
    """ASGI: answers its own paths, hands everything else to the application behind it."""

    def __init__(self, doors: Doors, behind: Asgi) -> None:
        self._doors, self._behind = doors, behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._behind(scope, receive, send)
        if scope["path"] in self._doors.fixed:
            return await self._answer(scope, receive, send, None)
        link = self._doors.link_at(scope)
        if link is not None and not self._doors.is_elsewhere(scope, public=True):
            return await self._answer(scope, receive, send, link)
        page = self._doors.page_at(scope) if link is None else None
        if page is not None and not self._doors.is_elsewhere(scope, public=True):
            return await self._answer(scope, receive, send, page, is_page=True)
        if not scope["path"].startswith(self._doors.on_both) and self._doors.is_elsewhere(scope, public=False):
            request = read_request(scope, receive)
            return await _send(problem_answer(NotFound(), request), request, send, cors=False)
        return await self._behind(scope, receive, send)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, link: tuple[str, str] | None, *, is_page: bool = False
    ) -> None:
        request = read_request(scope, receive)
        try:
            answer = await (self._enter_page(request, link) if is_page and link else self._enter(request, link))
        except Problem as problem:
            self._doors.note_refusal(problem, request)
            answer = self._refusal(problem, request, link)
        except Exception:
            log.exception("request %s broke", request.request_id)
            answer = self._refusal(problems.InternalError(), request, link)
        await _send(answer, request, send, cors=request.path in self._doors.cors)

    def _enter(self, request: EdgeRequest, link: tuple[str, str] | None) -> Awaitable[EdgeAnswer]:
        if link is not None:
            if request.method not in ("GET", "HEAD", "POST"):
                raise problems.NoSuchMethod(
                    "A link takes GET and HEAD (and POST, with its password).", allow=["GET", "HEAD", "POST"]
                )
            return self._doors.link(request, *link)
        methods = self._doors.fixed[request.path]
        if request.method == "OPTIONS" and request.path in self._doors.cors:
            return _preflight(methods)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            raise problems.NoSuchMethod(f"This route takes {', '.join(methods)}.", allow=list(methods))
        return methods[method](request)

    def _enter_page(self, request: EdgeRequest, page: tuple[str, str]) -> Awaitable[EdgeAnswer]:
        if request.method not in ("GET", "HEAD", "POST"):
            raise problems.NoSuchMethod("A page takes GET and HEAD.", allow=["GET", "HEAD"])
        return self._doors.page(request, *page)

    def _refusal(self, problem: Problem, request: EdgeRequest, link: tuple[str, str] | None) -> EdgeAnswer:
        if link is not None and "text/html" in request.headers.get("accept", ""):
            return self._doors.problem_page(problem, request)
        return problem_answer(problem, request)


async def _preflight(methods: Iterable[str]) -> EdgeAnswer:
    allowed = ", ".join([*methods, "OPTIONS"]).encode()
    return EdgeAnswer(204, headers=[*PREFLIGHT, (b"access-control-allow-methods", allowed)])


def problem_answer(problem: Problem, request: EdgeRequest) -> EdgeAnswer:
    body = problems.body_of(problem, request_id=request.request_id, instance=request.path)
    return EdgeAnswer(problems.status_of(problem), body, problems.MEDIA_TYPE, raw_headers(problems.headers_of(problem)))


def raw_headers(headers: Iterable[tuple[str, str]]) -> list[RawHeader]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]


def read_request(scope: Scope, receive: Receive) -> EdgeRequest:
    headers = Headers(scope["headers"])
    stamp = uuid7_hex()
    given = headers.get("x-request-id") if b"x-request-id" in headers.raw else ""
    return EdgeRequest(
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        headers,
        (scope.get("client") or NOBODY)[0],
        stamp,
        given if given and is_request_id(given) else f"req_{stamp}",
        scope,
        receive,
    )


def _asked(scope: Scope) -> str:
    """The host that was asked for, with its port if it names one."""
    told: bytes = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return told.decode("latin-1").lower()


def _host(scope: Scope) -> str:
    """The same without its port."""
    return _asked(scope).partition(":")[0]


async def _send(answer: EdgeAnswer, request: EdgeRequest, send: Send, *, cors: bool) -> None:
    raw = [*answer.headers, (b"x-request-id", request.request_id.encode("latin-1")), NO_SNIFFING]
    if answer.media_type:
        raw.append((b"content-type", answer.media_type.encode("latin-1")))
    if cors and request.method != "OPTIONS":
        raw += CORS
    if answer.status not in (204, 304):
        raw.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})
