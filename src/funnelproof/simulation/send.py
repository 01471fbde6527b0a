"""A population sent into a run: its clock goes from time to time, and all of one time come at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from funnelproof.plans.faults import UnusableServer
from funnelproof.plans.plan import Visit
from funnelproof.plans.reading import READINGS
from funnelproof.plans.stage import Person, Stage
from funnelproof.simulation.population import Figures, Step

SECONDS_AN_HOUR = 3600
AT_ONCE = 64
Advance = Callable[[str, int], None]


@dataclass(slots=True)
class Sending:
    stage: Stage
    advance: Advance
    hour: int = 0

    async def send(self, steps: Iterable[Step]) -> None:
        """Raises `UnusableServer` where something was refused that must not be."""
        for hour, own in groupby(steps, key=lambda step: step.hour):
            await self._turn_to(hour)
            for kind, alike in groupby(own, key=lambda step: step.kind):
                await self._all(self._click if kind == "click" else self._order, list(alike))

    async def _turn_to(self, hour: int) -> None:
        if hour > self.hour:
            await self.stage.wait((hour - self.hour) * SECONDS_AN_HOUR)
            self.hour = hour

    async def _all(self, one: Callable[[Step], Awaitable[None]], steps: list[Step]) -> None:
        waiting = iter(steps)

        async def worker() -> None:
            for step in waiting:
                await one(step)
                self.advance("", 1)

        await asyncio.gather(*(worker() for _ in range(min(AT_ONCE, len(steps)))))
        self.stage.wire.taken()

    async def _click(self, step: Step) -> None:
        person = self.stage.people.setdefault(step.visitor, [Person(step.visitor, step.variant)])[0]
        tags = {"utm_source": step.source, "utm_medium": "simulated", "utm_campaign": "simulation"}
        visit = Visit.model_construct(
            visitor=step.visitor, country=step.country, device=step.device, by=step.by, tags=tags, link=None
        )
        answer = await self.stage.click(visit, person)
        if not answer.location:
            raise _refused("click", answer.status, answer.body.get("detail"), answer.request_id)
        person.ctxs.append(answer.ctx)

    async def _order(self, step: Step) -> None:
        target = self.stage.target
        body = {
            "ctx": self.stage.ctx_of(step.visitor, click="first"),
            "idempotencyKey": step.key,
            "eventType": target.event,
            "value": step.value,
            "currency": target.currency,
        }
        answer = await self.stage.send(body)
        if not answer.is_good:
            raise _refused("order", answer.status, answer.body.get("detail"), answer.request_id)


def _refused(what: str, status: int, detail: object, request_id: str) -> UnusableServer:
    return UnusableServer(
        "refused", f"A request ({what}) of the simulation was answered {status}: {detail}", request_id
    )


async def reported(stage: Stage, variants: Iterable[str]) -> dict[str, Figures]:
    """What the system says of this run, by variant."""
    seen = await READINGS["funnel"](stage, "variant")
    if "rows" not in seen:
        raise UnusableServer("no_figures", f"The figures could not be read: {seen}")
    rows = seen["rows"]
    return {name: _figures(rows[name]) if name in rows else Figures() for name in variants}


def _figures(row: dict[str, object]) -> Figures:
    return Figures(int(str(row["visitors"])), int(str(row["converters"])), Decimal(str(row["net"])))
