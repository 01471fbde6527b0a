"""One simulation from campaign to summary: what was meant beside what the system reports."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import httpx2

from funnelproof.plans.faults import UnusablePlan, UnusableServer, did_you_mean
from funnelproof.plans.read import read_plan
from funnelproof.plans.stage import Stage
from funnelproof.plans.target import Target, find_target
from funnelproof.plans.wire import Wire
from funnelproof.simulation.population import (
    LONGEST_THOUGHT_HOURS,
    Figures,
    Step,
    Wanted,
    meant,
    population,
)
from funnelproof.simulation.send import SECONDS_AN_HOUR, Advance, Sending, reported

Start = Callable[[str, Callable[[], int]], Advance]
Dump = Callable[[list[Step]], None]
NAMES = tuple(field.name for field in fields(Figures))


@dataclass(frozen=True, slots=True)
class Asked:
    campaign: str
    handle: str | None
    visitors: int
    days: int
    seed: str
    rates: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Summary:
    run_id: str
    seed: str
    requests: int
    seconds: float
    meant: Mapping[str, Figures]
    reported: Mapping[str, Figures]

    @property
    def differing(self) -> list[tuple[str, str]]:
        """Variant and figure."""
        pairs = ((variant, name) for variant in self.meant for name in NAMES)
        return [
            (variant, name)
            for variant, name in pairs
            if getattr(self.meant[variant], name) != getattr(self.reported[variant], name)
        ]


async def simulate(http: httpx2.AsyncClient, token: str, asked: Asked, *, start: Start, dump: Dump) -> Summary:
    """Raises `UnusableServer`, `UnusablePlan`; what differs the summary tells."""
    wire, target, wanted, steps = await prepare(http, token, asked)
    dump(steps)
    stage = Stage(wire, target, asked.seed)
    await stage.open(None, None)
    began = time.perf_counter()
    await Sending(stage, start("requests", lambda: len(steps))).send(steps)
    seconds = time.perf_counter() - began
    seen = await reported(stage, wanted.shares)
    await stage.finish()
    return Summary(stage.run_id, asked.seed, len(steps), seconds, meant(steps, wanted.shares), seen)


async def prepare(http: httpx2.AsyncClient, token: str, asked: Asked) -> tuple[Wire, Target, Wanted, list[Step]]:
    """Where it goes, and who comes."""
    wire = Wire(http, token)
    target = await _target(wire, asked)
    wanted = _wanted(target, await _shares(wire, target), asked)
    return wire, target, wanted, population(wanted)


async def _target(wire: Wire, asked: Asked) -> Target:
    told = {"plan": "simulation", "campaign": asked.campaign, "scenes": [{"read": "funnel"}]}
    told |= {"handle": asked.handle} if asked.handle else {}
    try:
        return await find_target(wire, read_plan(json.dumps(told).encode(), "simulation"))
    except UnusablePlan as error:
        raise UnusableServer("unusable_campaign", "; ".join(fault.sentence for fault in error.faults)) from None


async def _shares(wire: Wire, target: Target) -> dict[str, int]:
    answer = await wire.api("GET", target.base)
    found: list[dict[str, Any]] = answer.body["variants"]
    shares = {own["variantId"]: own["weight"] for own in found if own["weight"] > 0 and own.get("enabled", True)}
    if not shares:
        raise UnusableServer("no_variants", f"{target.campaign} has no variant with weight that visitors could enter.")
    return shares


def _wanted(target: Target, shares: dict[str, int], asked: Asked) -> Wanted:
    rates = {_named(name, shares): rate for name, rate in asked.rates.items()}
    missing = [name for name in shares if name not in rates]
    if missing:
        raise UnusableServer(
            "missing_rate", f"--rate says nothing of {', '.join(missing)}; name each: {missing[0]}=0.04"
        )
    shortest = min(target.window_seconds, target.ctx_seconds) // SECONDS_AN_HOUR - 1
    patience = max(0, min(LONGEST_THOUGHT_HOURS, shortest))
    return Wanted(asked.visitors, asked.days, asked.seed, shares, rates, patience)


def _named(name: str, shares: Mapping[str, int]) -> str:
    found = next((own for own in shares if own.casefold() == name.casefold()), None)
    if found is None:
        sentence = f"--rate: no variant {name} with weight; {did_you_mean(name, list(shares))}"
        raise UnusableServer("unknown_variant", sentence)
    return found
