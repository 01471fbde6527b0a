"""The edge: what is hot and public, nothing between the socket and the door. Knows bytes, paths and answers only."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from funnelproof.errors import Problem
from funnelproof.ids import is_request_id, uuid7_hex
from funnelproof.web import problems

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_SECONDS = 5.0
CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "X-Request-Id, Retry-After"),
)
PREFLIGHT = (
    *CORS,
    ("Access-Control-Allow-Headers", "Content-Type, X-Request-Id, Authorization, X-Api-Key"),
    ("Access-Control-Max-Age", "86400"),
    ("Cache-Control", "no-store"),
)


class BodyTooSlow(Problem):
    """The body did not arrive in time."""

    kind, code, title = "invalid", "invalid_payload", "The body did not arrive in time"


class ClientGone(Exception):  # noqa: N818 - nobody is there to be told
    """The client closed the connection before its request was whole."""


@dataclass(slots=True)
class EdgeRequest:
    """`stamp` is the UUIDv7 (hex) of this request: ids minted for it share it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    peer: str
    stamp: str
    request_id: str
    scope: Scope
    receive: Receive

    async def body(self, limit: int) -> bytes:
        """The whole body, at most `limit` bytes, within five seconds."""
        try:
            return await asyncio.wait_for(self._read(limit), BODY_SECONDS)
        except TimeoutError:
            raise BodyTooSlow(f"The body did not arrive within {BODY_SECONDS:.0f} s. Send it again.") from None

    async def _read(self, limit: int) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise problems.TooLarge(
                    f"The body is larger than {limit} bytes, which is what this route takes.", limit=limit
                )
            parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts)


@dataclass(slots=True)
class EdgeAnswer:
    status: int
    body: bytes = b""
    media_type: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)


Door = Callable[[EdgeRequest], Awaitable[EdgeAnswer]]
LinkDoor = Callable[[EdgeRequest, str, str], Awaitable[EdgeAnswer]]
Page = Callable[[Problem, EdgeRequest], EdgeAnswer]


@dataclass(frozen=True, slots=True)
class Doors:
    """`fixed` by path and method; `link` takes every `/{handle}/{slug}` whose first segment is not reserved."""

    fixed: Mapping[str, Mapping[str, Door]]
    link: LinkDoor
    problem_page: Page
    reserved: frozenset[str]


class Edge:
    """ASGI: answers its own paths, hands everything else to the application behind it."""

    def __init__(self, doors: Doors, behind: Asgi) -> None:
        self._doors, self._behind = doors, behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._behind(scope, receive, send)
        path = scope["path"]
        if path in self._doors.fixed:
            return await self._answer(scope, receive, send, None)
        segments = path.split("/")
        if len(segments) == 3 and segments[1] and segments[2] and segments[1] not in self._doors.reserved:
            return await self._answer(scope, receive, send, (segments[1], segments[2]))
        return await self._behind(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, link: tuple[str, str] | None) -> None:
        request = read_request(scope, receive)
        try:
            answer = await self._through_door(request, link)
        except ClientGone:
            return
        except Problem as problem:
            answer = self._refusal(problem, request, link)
        except Exception:
            log.exception("request %s broke", request.request_id)
            answer = self._refusal(problems.InternalError(), request, link)
        await _send(answer, request, send, cors=link is None)

    async def _through_door(self, request: EdgeRequest, link: tuple[str, str] | None) -> EdgeAnswer:
        if link is not None:
            if request.method not in ("GET", "HEAD", "POST"):
                raise problems.NoSuchMethod(
                    "A link takes GET and HEAD (and POST, with its password).", allow=["GET", "HEAD", "POST"]
                )
            return await self._doors.link(request, *link)
        methods = self._doors.fixed[request.path]
        if request.method == "OPTIONS":
            allowed = ", ".join([*methods, "OPTIONS"])
            return EdgeAnswer(204, headers=[*PREFLIGHT, ("Access-Control-Allow-Methods", allowed)])
        if request.method not in methods:
            raise problems.NoSuchMethod(f"This route takes {', '.join(methods)}.", allow=list(methods))
        return await methods[request.method](request)

    def _refusal(self, problem: Problem, request: EdgeRequest, link: tuple[str, str] | None) -> EdgeAnswer:
        if link is not None and "text/html" in request.headers.get("accept", ""):
            return self._doors.problem_page(problem, request)
        return problem_answer(problem, request)


def problem_answer(problem: Problem, request: EdgeRequest) -> EdgeAnswer:
    headers = problems.headers_of(problem)
    if isinstance(problem, problems.NoSuchMethod):
        headers.append(("Allow", ", ".join(problem.extra["allow"])))  # type: ignore[arg-type]
    body = problems.body_of(problem, request_id=request.request_id, instance=request.path)
    return EdgeAnswer(problems.status_of(problem), body, problems.MEDIA_TYPE, headers)


def read_request(scope: Scope, receive: Receive) -> EdgeRequest:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    stamp = uuid7_hex()
    given = headers.get("x-request-id", "")
    return EdgeRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        peer=(scope.get("client") or ("", 0))[0],
        stamp=stamp,
        request_id=given if is_request_id(given) else f"req_{stamp}",
        scope=scope,
        receive=receive,
    )


async def _send(answer: EdgeAnswer, request: EdgeRequest, send: Send, *, cors: bool) -> None:
    headers = [*answer.headers, ("X-Request-Id", request.request_id), ("X-Content-Type-Options", "nosniff")]
    if answer.media_type:
        headers.append(("Content-Type", answer.media_type))
    if cors and request.method != "OPTIONS":
        headers += CORS
    if answer.status not in (204, 304):
        headers.append(("Content-Length", str(len(answer.body))))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})
