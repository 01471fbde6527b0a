"""Calls to our own API without a socket: the same application, the same guard, a request id for each."""

import asyncio
import json
import shlex
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.types import ASGIApp, Message, Scope

from funnelproof.ids import new_id


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API and what it answered; `body` is None where none was sent."""

    method: str
    path: str
    body: Any
    request_id: str
    status: int
    answer: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_refused(self) -> bool:
        return self.status >= 400

    def curl(self, url: str) -> str:
        """The same request for a terminal. Its credential is a variable, and no secret of a form stands in it."""
        words = ["curl", "-s", "-H", '"Authorization: Bearer $TOKEN"']
        if self.method != "GET":
            words[2:2] = ["-X", self.method]
        if self.body is not None:
            words += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(json.dumps(self.body))]
        return " ".join([*words, shlex.quote(url + self.path)])


class Refused(Exception):  # noqa: N818 - a problem document, as the API answered it
    """The API refused; `call.answer` is its problem document."""

    def __init__(self, call: Call) -> None:
        super().__init__(f"{call.method} {call.path} answered {call.status}")
        self.call = call


class Inside:
    """The API for one request of a browser: with its address, its trace, and the session's credential."""

    def __init__(self, api: ASGIApp, outer: Scope) -> None:
        self._api, self._outer = api, outer

    async def call(
        self, method: str, path: str, body: Any = None, *, credential: str | None = None, if_match: str | None = None
    ) -> Call:
        request_id = new_id("req")
        sent, headers = self._sent(request_id, body, credential)
        if if_match is not None:
            headers.append((b"if-match", if_match.encode("latin-1")))
        status, told, text = await self._ask(self._scope(method, path, headers), sent)
        return Call(method, path, body, request_id, status, _read(told, text), told)

    async def watch(self, method: str, path: str, body: Any, *, credential: str | None = None) -> "Watched":
        """As `call`, for an answer that comes piece by piece; it has begun when this returns."""
        request_id = new_id("req")
        sent, headers = self._sent(request_id, body, credential)
        headers.append((b"accept", b"text/event-stream"))
        watched = Watched(Call(method, path, body, request_id, 500, None))
        await watched.begin(self._api, self._scope(method, path, headers), sent)
        return watched

    def _sent(self, request_id: str, body: Any, credential: str | None) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        sent = b"" if body is None else json.dumps(body).encode()
        headers = [(b"x-request-id", request_id.encode()), (b"content-length", str(len(sent)).encode())]
        if body is not None:
            headers.append((b"content-type", b"application/json"))
        if credential is not None:
            headers.append((b"authorization", f"Bearer {credential}".encode("latin-1", "replace")))
        headers += [pair for pair in self._outer["headers"] if pair[0] == b"traceparent"]
        return sent, headers

    def _scope(self, method: str, path: str, headers: list[tuple[bytes, bytes]]) -> Scope:
        plain, _, query = path.partition("?")
        kept = {
            name: self._outer[name] for name in ("scheme", "client", "server", "http_version") if name in self._outer
        }
        return {
            **kept,
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": method,
            "path": plain,
            "raw_path": plain.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers,
            "state": {},
        }

    async def _ask(self, scope: Scope, body: bytes) -> tuple[int, dict[str, str], bytes]:
        status, headers, parts = 500, dict[str, str](), list[bytes]()

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.update((name.decode("latin-1"), text.decode("latin-1")) for name, text in message["headers"])
            else:
                parts.append(message.get("body", b""))

        await self._api(scope, receive, send)
        return status, headers, b"".join(parts)


class Watched:
    """An answer as server-sent events, while it comes. What was refused has come whole: `call` tells."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._pieces: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def begin(self, api: ASGIApp, scope: Scope, body: bytes) -> None:
        self._task = asyncio.ensure_future(self._run(api, scope, body))
        start = await self._pieces.get()
        if start is None:
            await self._task
            return
        headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in start["headers"]}
        self.call = replace(self.call, status=start["status"], headers=headers)
        if self.call.is_refused:
            text = b"".join([piece async for piece in self._bodies()])
            self.call = replace(self.call, answer=_read(headers, text))

    async def events(self) -> AsyncIterator[tuple[str, Any]]:
        """(name, data) of each event."""
        waiting = ""
        async for piece in self._bodies():
            *whole, waiting = (waiting + piece.decode()).split("\n\n")
            for event in whole:
                fields = dict(line.split(": ", 1) for line in event.split("\n"))
                yield fields["event"], json.loads(fields["data"])

    async def _run(self, api: ASGIApp, scope: Scope, body: bytes) -> None:
        given = False

        async def receive() -> Message:
            nonlocal given
            if given:
                await asyncio.Event().wait()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            await api(scope, receive, self._pieces.put)
        finally:
            self._pieces.put_nowait(None)

    async def _bodies(self) -> AsyncIterator[bytes]:
        while (message := await self._pieces.get()) is not None:
            yield message.get("body", b"")


def _read(headers: Mapping[str, str], text: bytes) -> Any:
    return json.loads(text) if text and "json" in headers.get("content-type", "") else text
