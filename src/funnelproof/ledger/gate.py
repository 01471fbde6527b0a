"""The gate of writes: what was answered under a key is answered again, everything else goes into the ledger."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funnelproof.access.audience import TABLE, Match
from funnelproof.access.caller import NOBODY, Caller, Kind
from funnelproof.installation import Installation
from funnelproof.ledger import store
from funnelproof.ledger.entry import (
    MOST_KEPT,
    Entry,
    InProgress,
    asked_in,
    digest_of,
    hash_of,
    key_in,
    without_secrets,
)
from funnelproof.ledger.write import Besides, Replay, judge
from funnelproof.storage.database import BESIDE, Transaction
from funnelproof.web.asgi import header

ROOTS = ("/v2/handles", "/v2/public/handles")
"""Whose writes are counted, and whose POSTs take a key."""
AUDITED = (*ROOTS, "/v2/operator")
READS = frozenset({"GET", "HEAD", "OPTIONS"})
ONLY_READS = ("/route-preview",)
OF_VISITORS = ("/conversions/batch", "/reversals")
"""What these are sent is about buyers: a line of the audit is never taken out, so it holds nothing of them."""
PATIENCE_SECONDS, NAP_SECONDS = 5.0, 0.1
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class Ledger:
    """Sits behind the guard: it knows who calls, and that they may."""

    def __init__(self, home: Installation, app: ASGIApp) -> None:
        self._home, self._app = home, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        entry, receive = await self._entry(scope, receive)
        if entry is None:
            await self._app(scope, receive, send)
            return
        if entry.key_hash is not None and (kept := await self._answered(entry)) is not None:
            await _send(send, kept)
            return
        await self._carry_out(entry, scope, receive, send)

    async def _entry(self, scope: Scope, receive: Receive) -> tuple[Entry | None, Receive]:
        if scope["type"] != "http" or scope["method"] in READS or not scope["path"].startswith(AUDITED):
            return None, receive
        caller: Caller = scope["state"].get("caller", NOBODY)
        match = TABLE.find(scope["path"])
        if caller.kind is Kind.NOBODY or match is None or scope["path"].endswith(ONLY_READS):
            return None, receive
        body = await _whole(receive)
        return self._made(scope, caller, match, body), _again(body, receive)

    def _made(self, scope: Scope, caller: Caller, match: Match, body: bytes) -> Entry:
        rule = match.rules[scope["method"]]
        entry = Entry(
            handle=match.parameters.get("handle", ""),
            caller=caller.actor,
            method=rule.method,
            route=rule.path,
            path=scope["path"],
            objects={name: own for name, own in match.parameters.items() if name != "handle"},
            asked=None if rule.path.endswith(OF_VISITORS) else asked_in(body),
            request_id=scope["state"]["request_id"],
            at=self._home.clock.now(),
        )
        takes_key = rule.method == "POST" and scope["path"].startswith(ROOTS)
        key = key_in(header(scope, b"idempotency-key")) if takes_key else None
        if key is not None:
            entry.key_hash = hash_of(rule.method, scope["path"], key)
            entry.digest = digest_of(scope.get("query_string", b""), body)
        return entry

    async def _answered(self, entry: Entry) -> Answer | None:
        """The answer of before; a first request that is under way is waited for, a few seconds."""
        for last_try in [False] * round(PATIENCE_SECONDS / NAP_SECONDS) + [True]:
            kept = await self._home.database.read(lambda tx: store.find(tx, entry))
            if kept is None:
                return None
            try:
                judge(entry, kept)
            except Replay as replay:
                return _replayed(replay)
            except InProgress:
                if last_try:
                    raise
                await asyncio.sleep(NAP_SECONDS)
        return None

    async def _carry_out(self, entry: Entry, scope: Scope, receive: Receive, send: Send) -> None:
        parts: list[bytes] = []
        started: dict[str, Any] = {}
        carried = Besides(entry, self._home.settings.quota_tiers)

        async def hold(message: Message) -> None:
            """A stream of events goes on at once: it is for whoever watches now, and never asked for with a key."""
            if message["type"] == "http.response.start":
                started.update(message)
                if _is_stream(message):
                    await send({**message, "headers": [*message["headers"], *_told(entry)]})
            elif _is_stream(started):
                await send(message)
            else:
                parts.append(message.get("body", b""))

        token = BESIDE.set(carried)
        try:
            await self._app(scope, receive, hold)
        except Replay as replay:
            await _send(send, _replayed(replay))
            return
        finally:
            BESIDE.reset(token)
        answer = (started["status"], [*started["headers"], *_told(entry)], b"".join(parts))
        await self._settle(carried, answer)
        if not _is_stream(started):
            await _send(send, answer)

    async def _settle(self, carried: Besides, answer: Answer) -> None:
        """Keep a good answer. What wrote through the ingest lane, or nothing at all, has its line written now."""
        entry, (status, headers, body) = carried.entry, answer
        is_good = 200 <= status < 300

        def work(tx: Transaction) -> None:
            if is_good:
                carried(tx)
            if entry.key_hash is None:
                return
            if is_good and len(body) <= MOST_KEPT:
                location = next((own.decode("latin-1") for name, own in headers if name == b"location"), None)
                store.keep(tx, entry, status, without_secrets(body), location)
            else:
                store.let_go(tx, entry)

        if entry.key_hash is not None or (is_good and not entry.is_written):
            await self._home.database.write(work)


def _is_stream(start: Mapping[str, Any]) -> bool:
    return any(name == b"content-type" and told.startswith(b"text/event-stream") for name, told in start["headers"])


def _told(entry: Entry) -> Sequence[tuple[bytes, bytes]]:
    """How much of the day's writes is left, as the draft of the RateLimit headers has it."""
    if entry.usage is None:
        return ()
    used, limit, left = entry.usage
    return (
        (b"ratelimit-policy", f'"writes";q={limit};w=86400'.encode()),
        (b"ratelimit", f'"writes";r={max(0, limit - used)};t={left}'.encode()),
    )


def _replayed(replay: Replay) -> Answer:
    kept = replay.kept
    body = (kept.body or "").encode()
    headers = [(b"idempotent-replayed", b"true"), (b"original-request-id", kept.request_id.encode("latin-1"))]
    if body:
        headers.append((b"content-type", b"application/json"))
    if kept.location:
        headers.append((b"location", kept.location.encode("latin-1")))
    headers.append((b"content-length", str(len(body)).encode()))
    return kept.status or 200, headers, body


async def _whole(receive: Receive) -> bytes:
    """The body, which the gate before has read and checked already."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _send(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
