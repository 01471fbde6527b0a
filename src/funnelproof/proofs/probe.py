"""The doors of live traffic, opened from within: the same bytes in, the same answers out, and what each group moved."""

import html
import json
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from funnelproof.clicks.cache import RouteCache
from funnelproof.clicks.door import FollowDoor
from funnelproof.clicks.inrun import AS_HEADER, TOKEN_HEADER
from funnelproof.conversions.door import ConversionDoor
from funnelproof.errors import Problem
from funnelproof.ids import uuid7_hex
from funnelproof.installation import Installation
from funnelproof.storage.ingest import Ingest, Verb
from funnelproof.web.edge import EdgeAnswer, EdgeRequest, LinkDoor, raw_headers
from funnelproof.web.headers import Headers
from funnelproof.web.problems import document, status_of

PAGE_LINK = re.compile(r'<a href="([^"]*)"')


class WitnessLane:
    """The ingest lane, and a note of which worlds' counters its answers moved."""

    def __init__(self, lane: Ingest) -> None:
        self._lane = lane
        self.moved_worlds: set[str] = set()

    @property
    def waiting(self) -> int:
        return self._lane.waiting

    async def submit(self, verb: Verb, claim: Any, *, handle: str) -> Any:
        answer = await self._lane.submit(verb, claim, handle=handle)
        self.moved_worlds |= getattr(answer, "moved_worlds", frozenset())
        return answer

    def close(self) -> None:
        raise AssertionError("whoever opened the lane closes it")


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer as the tests look at it. `body` is empty where there was no JSON."""

    status: int
    location: str
    body: Mapping[str, Any]
    stamp: str

    @property
    def ctx(self) -> str:
        return parse_qs(urlsplit(self.location).query).get("ctx", [""])[0]


class Probe:
    """One run's way through the doors."""

    def __init__(self, home: Installation, routes: RouteCache, *, run_token: str, request_id: str) -> None:
        self.lane = WitnessLane(home.lane)
        watched = replace(home, lane=self.lane)
        self._follow, self._convert = FollowDoor(watched, routes), ConversionDoor(watched)
        self._run_token, self._request_id = run_token, request_id

    async def click(self, handle: str, slug: str, *, query: str, who: str) -> Seen:
        headers = {TOKEN_HEADER: self._run_token, AS_HEADER: who}
        request = self._request("GET", f"/{handle}/{slug}", query, headers, b"")
        return await _seen(self._follow(request, handle, slug), request)

    async def page(self, door: LinkDoor, handle: str, slug: str, ctx: str) -> str:
        """The page as the holder of a ctx gets it; empty if it is refused."""
        request = self._request("GET", f"/{handle}/p/{slug}", f"ctx={ctx}", {}, b"")
        try:
            answer = await door(request, handle, slug)
        except Problem:
            return ""
        return answer.body.decode()

    async def convert(self, **fields: Any) -> Seen:
        body = json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
        request = self._request("POST", "/v2/public/conversions", "", {"content-type": "application/json"}, body)
        return await _seen(self._convert.convert(request), request)

    def _request(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> EdgeRequest:
        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        return EdgeRequest(
            method=method,
            path=path,
            query=query,
            headers=Headers(raw_headers(headers.items())),
            peer="",
            stamp=uuid7_hex(),
            request_id=self._request_id,
            scope={"headers": []},
            receive=receive,
        )


async def _seen(answer: Any, request: EdgeRequest) -> Seen:
    try:
        given: EdgeAnswer = await answer
    except Problem as problem:
        body = document(problem, request_id=request.request_id, instance=request.path)
        return Seen(status_of(problem), "", body, request.stamp)
    location = dict(given.headers).get(b"location", b"").decode() or _led_on_by_page(given)
    is_json = given.media_type == "application/json"
    return Seen(given.status, location, json.loads(given.body) if is_json else {}, request.stamp)


def _led_on_by_page(given: EdgeAnswer) -> str:
    """Where the BRIDGE page leads: its one link."""
    if given.status != 200 or not (given.media_type or "").startswith("text/html"):
        return ""
    found = PAGE_LINK.search(given.body.decode())
    return html.unescape(found[1]) if found else ""
