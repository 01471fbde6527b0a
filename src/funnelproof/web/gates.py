"""What every control-plane request passes before a route sees it: request id, size, body, JSON. Knows no feature."""

import asyncio
import logging
import re
from collections.abc import Callable
from email.message import Message as Headers

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funnelproof.errors import Fault, Problem, invalid_payload
from funnelproof.ids import is_request_id, new_id
from funnelproof.web import strict_json
from funnelproof.web.asgi import answer_problem, header
from funnelproof.web.problems import BrokenBody, InternalError, SlowBody, TooLarge, WrongMediaType

log = logging.getLogger(__name__)

BODY_LIMIT = 1_048_576
BODY_SECONDS = 30.0
QUERY_LIMIT = 8192
WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})
TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

LimitOf = Callable[[Scope], int]


def identified(app: ASGIApp) -> ASGIApp:
    """The outermost gate: a request id on every answer, and a problem document for whatever is raised inside."""

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] == "http":
            _name_request(scope)
            await _answer(app, scope, receive, send)
        else:
            await app(scope, receive, send)

    return gate


def _name_request(scope: Scope) -> None:
    asked, parent = header(scope, b"x-request-id") or "", header(scope, b"traceparent") or ""
    state = scope.setdefault("state", {})
    state["request_id"] = asked if is_request_id(asked) else new_id("req")
    state["traceparent"] = parent if TRACEPARENT.fullmatch(parent) else None


async def _answer(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    request_id: str = scope["state"]["request_id"]
    started = False

    async def stamped(message: Message) -> None:
        nonlocal started
        if message["type"] == "http.response.start":
            started = True
            message = {**message, "headers": [*message["headers"], (b"x-request-id", request_id.encode())]}
        await send(message)

    try:
        await app(scope, receive, stamped)
    except Problem as problem:
        await answer_problem(scope, stamped, problem)
    except Exception:
        log.exception("request %s broke: %s %s", request_id, scope["method"], scope["path"])
        if not started:
            await answer_problem(scope, stamped, InternalError())


def sized(app: ASGIApp, limit_of: LimitOf) -> ASGIApp:
    """Refuse what says itself that it is too large. What does not say so is counted while it is read."""

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            _refuse_nul(scope)
            _refuse_long_query(scope)
            limit = scope["state"]["body_limit"] = limit_of(scope)
            told = header(scope, b"content-length") or ""
            if told.isascii() and told.isdigit() and int(told[:20]) > limit:
                raise _too_large(limit)
        await app(scope, receive, send)

    return gate


def _refuse_nul(scope: Scope) -> None:
    """No database takes a NUL character, and no address of ours has one."""
    if "\0" in scope["path"] or b"%00" in scope.get("query_string", b""):
        raise invalid_payload([Fault("", "nul_character", "the address holds a NUL character (%00); leave it out.")])


def _refuse_long_query(scope: Scope) -> None:
    """Reading 64 KiB of names, and telling of each that it is unknown, held everybody up for half a second."""
    if len(scope.get("query_string", b"")) > QUERY_LIMIT:
        detail = f"the query of the address has more than {QUERY_LIMIT} bytes; send less, in several requests."
        raise invalid_payload([Fault("", "too_long", detail)])


def json_checked(app: ASGIApp) -> ASGIApp:
    """Read the body within its limit and its time, check that it is JSON we take, then hand it on whole."""

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in WITHOUT_BODY:
            await app(scope, receive, send)
            return
        body = await _read(receive, scope["state"]["body_limit"])
        if body:
            _check_media_type(scope)
            strict_json.check(body)
        await app(scope, _replay(body, receive), send)

    return gate


async def _read(receive: Receive, limit: int) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_all(receive, limit)
    except TimeoutError:
        raise SlowBody from None


async def _read_all(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BrokenBody
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The body is larger than this route takes: {limit} bytes. Send less, in several requests.", limit=limit
    )


def _check_media_type(scope: Scope) -> None:
    told = Headers()
    told["content-type"] = header(scope, b"content-type") or "absent/absent"
    charset = told.get_content_charset() or "utf-8"
    if told.get_content_type() != "application/json" or charset not in {"utf-8", "utf8", "us-ascii"}:
        raise WrongMediaType("Send the body as JSON in UTF-8, with the header Content-Type: application/json.")


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body once, and afterwards what the client does."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
