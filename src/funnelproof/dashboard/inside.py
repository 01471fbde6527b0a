"""Calls to our own API without a socket: the same application, the same guard, a request id for each."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
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
        sent = b"" if body is None else json.dumps(body).encode()
        headers = [(b"x-request-id", request_id.encode()), (b"content-length", str(len(sent)).encode())]
        if body is not None:
            headers.append((b"content-type", b"application/json"))
        if credential is not None:
            headers.append((b"authorization", f"Bearer {credential}".encode("latin-1", "replace")))
        if if_match is not None:
            headers.append((b"if-match", if_match.encode("latin-1")))
        headers += [pair for pair in self._outer["headers"] if pair[0] == b"traceparent"]
        status, told, text = await self._ask(self._scope(method, path, headers), sent)
        return Call(method, path, body, request_id, status, _read(told, text), told)

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


def _read(headers: Mapping[str, str], text: bytes) -> Any:
    return json.loads(text) if text and "json" in headers.get("content-type", "") else text
