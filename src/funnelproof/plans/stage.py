"""Where a plan is performed: one open run, the people who came, what was sent. Each method is one request or a few."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from funnelproof.plans.faults import UnusableServer
from funnelproof.plans.plan import Visit
from funnelproof.plans.positions import LONGEST_KEPT
from funnelproof.plans.target import Target
from funnelproof.plans.wire import Answer, Wire

USUAL_TAGS = {"utm_source": "funnelproof", "utm_medium": "test", "utm_campaign": "plan"}
AT_ONCE = 16
CREATED = 201


@dataclass(slots=True)
class Person:
    """`name` is how the server knows this person; another one where the cookie of before is gone."""

    name: str
    drawn_for: str | None
    ctxs: list[str] = field(default_factory=list)
    variants: list[str | None] = field(default_factory=list)


@dataclass(slots=True)
class Stage:
    wire: Wire
    target: Target
    seed: str
    run_id: str = ""
    run_token: str = ""
    now: str = ""
    began: str = ""
    people: dict[str, list[Person]] = field(default_factory=dict)
    last_visitor: str = ""
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    first_ids: dict[str, str] = field(default_factory=dict)
    last_key: str = ""

    @property
    def run(self) -> str:
        return f"{self.target.base}/test-runs/{self.run_id}"

    async def open(self, starts_at: str | None, time_zone: str | None, plan: str | None = None) -> None:
        """`plan` is its text, which the run keeps unless it is long."""
        kept = plan if plan and len(plan) <= LONGEST_KEPT else None
        asked = {"seed": self.seed, "startsAt": starts_at, "plan": kept}
        body = {name: own for name, own in asked.items() if own is not None}
        answer = await self.wire.api("POST", f"{self.target.base}/test-runs", body)
        if answer.status != CREATED:
            raise UnusableServer(
                str(answer.body.get("error", "refused")),
                f"No run was opened: {answer.status} {answer.body.get('detail', '')}",
                answer.request_id,
            )
        self.run_id, self.run_token = str(answer.body["runId"]), str(answer.body["runToken"])
        self.now = self.began = str(answer.body["now"])
        if time_zone is not None:
            await self.configure({"timeZone": time_zone})

    async def finish(self) -> Answer:
        return await self.wire.api("POST", f"{self.run}/finish")

    async def configure(self, change: dict[str, Any]) -> Answer:
        return await self.wire.api("PATCH", f"{self.run}/configuration", change)

    async def wait(self, seconds: int) -> Answer:
        answer = await self.wire.api("POST", f"{self.run}/clock", {"advanceSeconds": seconds})
        self.now = str(answer.body.get("now", self.now))
        return answer

    def meet(self, visit: Visit, name: str) -> Person:
        """The person of this name; a new one where nobody was here before, or the cookie is gone."""
        known = self.people.setdefault(name, [])
        if not known or visit.returning is False:
            own = name if not known else f"{name}:{len(known) + 1}"
            known.append(Person(own, visit.variant))
        self.last_visitor = name
        return known[-1]

    def turn_to(self, visitor: str | None) -> None:
        """Who is spoken of from here on."""
        self.last_visitor = visitor or self.last_visitor

    @property
    def variant(self) -> str | None:
        """That of whoever is spoken of."""
        people = self.people.get(self.last_visitor)
        return people[-1].variants[-1] if people and people[-1].variants else None

    async def click(self, visit: Visit, person: Person) -> Answer:
        parts = {
            "visitor": person.name,
            "variant": person.drawn_for,
            "country": visit.country,
            "device": "BOT" if visit.by == "bot" else visit.device,
        }
        who = "; ".join(f"{name}={own}" for name, own in parts.items() if own is not None)
        headers = {"x-funnelproof-run": self.run_token, "x-funnelproof-as": who}
        if visit.by == "prefetch":
            headers["sec-purpose"] = "prefetch"
        tags = USUAL_TAGS if visit.tags is None else visit.tags
        address = f"{self.wire.links_url}/{self.target.handle}/{visit.link or self.target.slug}"
        query = f"?{urlencode(tags)}" if tags else ""
        return await self.wire.call("HEAD" if visit.by == "head" else "GET", address + query, headers=headers)

    async def read_ctx(self, ctx: str) -> Answer:
        return await self.wire.call("GET", "/v2/public/context", params={"ctx": ctx})

    async def send(self, body: dict[str, Any]) -> Answer:
        answer = await self.wire.call("POST", "/v2/public/conversions", json=body)
        key = str(body["idempotencyKey"])
        if answer.status == CREATED and key not in self.first_ids:
            self.first_ids[key] = str(answer.body.get("conversionId"))
        return answer

    async def send_all(self, bodies: list[dict[str, Any]]) -> list[Answer]:
        """At once, as far as connections go."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(body: dict[str, Any]) -> Answer:
            async with gate:
                return await self.send(body)

        return list(await asyncio.gather(*map(one, bodies)))

    def ctx_of(self, visitor: str | None, *, click: str = "last") -> str:
        """The ctx that a shop has kept of this visitor. Empty if no click gave one."""
        kept = [ctx for person in self.people.get(visitor or self.last_visitor, ()) for ctx in person.ctxs]
        if not kept:
            return ""
        return kept[0] if click == "first" else kept[-1]

    def at(self, offset_seconds: int) -> str:
        """A time by the run's clock."""
        moment = datetime.fromisoformat(self.now) + timedelta(seconds=offset_seconds)
        return moment.isoformat().replace("+00:00", "Z")

    async def read(self, path: str, **params: str) -> Answer:
        return await self.wire.api("GET", path, params={"run": self.run_id, **params})


def place_of(address: str) -> str | None:
    """Where a visitor is led: the address without its query."""
    if not address:
        return None
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
