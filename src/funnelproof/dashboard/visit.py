"""One visit of a screen: who looks, at which handle, with which words for numbers and times, and what was asked."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel import Locale

from funnelproof.access.roles import Role
from funnelproof.clock import Micros
from funnelproof.dashboard.inside import Call, Inside, Refused, Watched
from funnelproof.dashboard.session import Seat

QUIET = "/v2/auth/"
"""Calls with passwords and session secrets: no drawer shows them."""


class Page(NamedTuple):
    template: str
    values: dict[str, Any]
    status: int = 200


class Progress(NamedTuple):
    """A page that goes on while something runs: each piece is put where `template` says `rows`, by `piece`."""

    template: str
    piece: str
    values: dict[str, Any]
    rows: AsyncIterator[dict[str, Any]]


class Goto(NamedTuple):
    """After a form: where the browser goes next."""

    path: str


@dataclass(slots=True)
class Visit:
    """`parts` are the names in the address; `form` is what a form sent; `problem` is how the API refused it."""

    inside: Inside
    seat: Seat
    path: str
    query: Mapping[str, str]
    locale: Locale
    now: Micros
    control_url: str
    public_url: str
    parts: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    me: dict[str, Any] | None = None
    place: dict[str, Any] | None = None
    calls: list[Call] = field(default_factory=list)
    problem: dict[str, Any] | None = None

    @property
    def handle(self) -> str:
        return self.parts["handle"]

    @property
    def campaign_id(self) -> str:
        return self.parts["campaign"]

    @property
    def api(self) -> str:
        return f"/v2/handles/{quote(self.handle, safe='')}"

    @property
    def campaign_api(self) -> str:
        return f"{self.api}/campaigns/{quote(self.campaign_id, safe='')}"

    @property
    def here(self) -> str:
        """The first address of the handle's screens."""
        return f"/app/{quote(self.handle, safe='')}"

    @property
    def campaign_here(self) -> str:
        return f"{self.here}/campaigns/{quote(self.campaign_id, safe='')}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.place["timeZone"] if self.place else "UTC")

    @property
    def role(self) -> Role | None:
        found = [
            part["role"] for part in (self.me or {}).get("handles", []) if part["handle"] == self.parts.get("handle")
        ]
        return Role(found[0]) if found else None

    def is_at_least(self, role: str) -> bool:
        """For showing buttons only: whether one may, the API decides."""
        return self.role is not None and self.role.reaches(Role(role))

    async def ask(self, method: str, path: str, body: Any = None, *, if_match: str | None = None) -> Call:
        """Whatever it answers. Shown in the drawer of the screen."""
        access = self.seat.session.access if self.seat.session else None
        call = await self.inside.call(method, path, body, credential=access, if_match=if_match)
        if not path.startswith(QUIET):
            self.calls.append(call)
        return call

    async def get(self, path: str, **query: Any) -> Any:
        told = urlencode({name.rstrip("_"): value for name, value in query.items() if value is not None})
        return await self._answer("GET", f"{path}?{told}" if told else path)

    async def find(self, path: str, **query: Any) -> Any:
        """As `get`; None where nothing is there yet."""
        try:
            return await self.get(path, **query)
        except Refused as refused:
            if refused.call.status != 404:
                raise
            return None

    async def send(self, method: str, path: str, body: Any = None, *, if_match: str | None = None) -> Any:
        return await self._answer(method, path, body, if_match=if_match)

    async def _answer(self, method: str, path: str, body: Any = None, *, if_match: str | None = None) -> Any:
        call = await self.ask(method, path, body, if_match=if_match)
        if call.is_refused:
            raise Refused(call)
        return call.answer

    async def watch(self, method: str, path: str, body: Any) -> Watched:
        """As `send`, for what is told while it runs."""
        access = self.seat.session.access if self.seat.session else None
        watched = await self.inside.watch(method, path, body, credential=access)
        self.calls.append(watched.call)
        if watched.call.is_refused:
            raise Refused(watched.call)
        return watched

    def faults(self, *names: str) -> list[str]:
        """What the problem says of the fields of these pointers."""
        told = (self.problem or {}).get("errors", [])
        return [fault["detail"] for fault in told if fault["pointer"].lstrip("/") in names]
