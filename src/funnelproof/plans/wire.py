"""The server as a plan's runner talks to it: requests that are noted, answers, and what makes a server unusable."""

import asyncio
import html
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from funnelproof.plans.faults import UnusableServer
from funnelproof.plans.outcome import Sent

PAGE_LINK = re.compile(r'<a href="([^"]*)"')
TRIES = 4
LONGEST_PAUSE_SECONDS = 5.0
SERVER_FAULT = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """`location` is where a visit was led to. `body` is empty where there was no JSON object."""

    status: int
    body: Mapping[str, Any]
    location: str
    request_id: str

    @property
    def is_good(self) -> bool:
        return self.status < 400

    @property
    def ctx(self) -> str:
        return parse_qs(urlsplit(self.location).query).get("ctx", [""])[0]

    @property
    def refusal(self) -> dict[str, Any]:
        """Status, error and reason, as expectations name them."""
        told = {"status": self.status, "error": self.body.get("error"), "reason": self.body.get("reason")}
        return {name: own for name, own in told.items() if own is not None}


@dataclass(slots=True)
class Wire:
    """`http` has the server's address as its base. `links_url` is where links live, if elsewhere."""

    http: httpx2.AsyncClient
    token: str
    links_url: str = ""
    began: float = field(default_factory=time.perf_counter)
    _sent: list[Sent] = field(default_factory=list)

    def begin(self) -> None:
        """Time counts from here; what was sent before was no scene."""
        self._sent, self.began = [], time.perf_counter()

    def taken(self) -> list[Sent]:
        """The requests since this was last asked."""
        sent, self._sent = self._sent, []
        return sent

    async def api(self, method: str, path: str, body: Any = None, params: Mapping[str, str] | None = None) -> Answer:
        """With the token. What it may not do makes the server unusable for this plan."""
        bearer = {"authorization": f"Bearer {self.token}"}
        answer = await self.call(method, path, json=body, params=params, headers=bearer)
        if answer.status in (401, 403):
            raise _refused(answer, method, path)
        return answer

    async def call(self, method: str, path: str, **more: Any) -> Answer:
        """One that is told to come back later does so, a few times."""
        for tries_left in reversed(range(TRIES)):
            response = await self._send(method, path, **more)
            answer = _answer(response)
            if answer.status not in (429, 503) or not tries_left:
                break
            await asyncio.sleep(_pause(response))
        if answer.status >= SERVER_FAULT:
            raise UnusableServer("server_failed", f"{method} {path} answered {_words(answer)}", answer.request_id)
        return answer

    async def _send(self, method: str, path: str, **more: Any) -> httpx2.Response:
        began = time.perf_counter()
        try:
            response = await self.http.request(method, path, **more)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            why = str(error) or type(error).__name__
            raise UnusableServer(
                "server_gone", f"{self.http.base_url} does not answer {method} {path}: {why}."
            ) from None
        self._note(response, method, path, began)
        return response

    def _note(self, response: httpx2.Response, method: str, path: str, began: float) -> None:
        answer = _answer(response)
        self._sent.append(
            Sent(
                method=method,
                path=urlsplit(path).path,
                status=answer.status,
                request_id=answer.request_id,
                began_ms=round((began - self.began) * 1000, 2),
                ms=round((time.perf_counter() - began) * 1000, 2),
                detail=answer.body.get("detail"),
            )
        )


def _answer(response: httpx2.Response) -> Answer:
    kind = response.headers.get("content-type", "")
    body: Any = {}
    if "json" in kind:
        try:
            body = response.json()
        except ValueError:
            body = {}
    location = response.headers.get("location", "") or _led_on_by_page(response, kind)
    request_id = response.headers.get("x-request-id", "")
    return Answer(response.status_code, body if isinstance(body, dict) else {}, location, request_id)


def _led_on_by_page(response: httpx2.Response, kind: str) -> str:
    """Where a link's own page between click and shop leads: its one link."""
    found = PAGE_LINK.search(response.text) if response.status_code == 200 and kind.startswith("text/html") else None
    return html.unescape(found[1]) if found else ""


def _pause(response: httpx2.Response) -> float:
    told = response.headers.get("retry-after", "1")
    return min(float(told) if told.isdecimal() else 1.0, LONGEST_PAUSE_SECONDS)


def _refused(answer: Answer, method: str, path: str) -> UnusableServer:
    code = str(answer.body.get("error") or "refused")
    return UnusableServer(code, f"{method} {path} was refused: {_words(answer)}", answer.request_id)


def _words(answer: Answer) -> str:
    return f"{answer.status} {answer.body.get('error', '')}: {answer.body.get('detail', 'no explanation.')}"
