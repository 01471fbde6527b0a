"""A population sent into live figures: each with a cookie that the public assignment gives the wanted variant."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from itertools import count, groupby
from typing import Any
from urllib.parse import urlencode

from funnelproof.campaigns.variants import Share, bucket_of, shares_of
from funnelproof.plans.faults import UnusableServer
from funnelproof.plans.target import Target
from funnelproof.plans.wire import Answer, Wire
from funnelproof.simulation.population import Figures, Step, meant
from funnelproof.simulation.send import AT_ONCE, Advance
from funnelproof.simulation.simulate import Asked, Dump, Start, Summary, prepare

LIVE = "live"
AGENTS = {
    "MOBILE": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari",
    "TABLET": "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1",
    "DESKTOP": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
}
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"


async def simulate_live(http: Any, token: str, asked: Asked, *, start: Start, dump: Dump) -> Summary:
    """Everybody comes at once, by the real clock: what takes days in a run takes seconds here."""
    wire, target, wanted, steps = await prepare(http, token, asked)
    dump(steps)
    await _announce(wire, target, asked)
    before = await _figures(wire, target, wanted.shares)
    sending = LiveSending(wire, target, asked.seed, await _shares(wire, target), start("requests", lambda: len(steps)))
    began = time.perf_counter()
    await sending.send(steps)
    seconds = time.perf_counter() - began
    after = await _figures(wire, target, wanted.shares)
    seen = {name: _more(before[name], after[name]) for name in wanted.shares}
    return Summary(LIVE, asked.seed, len(steps), seconds, meant(steps, wanted.shares), seen)


async def _announce(wire: Wire, target: Target, asked: Asked) -> None:
    """The installation must allow it, and the campaign's history says that these were no people."""
    answer = await wire.api("POST", f"{target.base}/simulations", {"visitors": asked.visitors, "seed": asked.seed})
    if not answer.is_good:
        raise UnusableServer(str(answer.body.get("error")), str(answer.body.get("detail")), answer.request_id)


class LiveSending:
    def __init__(self, wire: Wire, target: Target, seed: str, shares: Mapping[str, Share], advance: Advance) -> None:
        self._wire, self._target, self._seed, self._shares, self._advance = wire, target, seed, shares, advance
        self._ctx: dict[str, str] = {}

    async def send(self, steps: Sequence[Step]) -> None:
        for _, own in groupby(steps, key=lambda step: (step.hour, step.kind)):
            alike = list(own)
            await self._all(self._click if alike[0].kind == "click" else self._order, alike)

    async def _all(self, one: Callable[[Step], Awaitable[None]], steps: list[Step]) -> None:
        waiting = iter(steps)

        async def worker() -> None:
            for step in waiting:
                await one(step)
                self._advance("", 1)

        await asyncio.gather(*(worker() for _ in range(min(AT_ONCE, len(steps)))))
        self._wire.taken()

    async def _click(self, step: Step) -> None:
        tags = urlencode({"utm_source": step.source, "utm_medium": "simulated", "utm_campaign": "simulation"})
        address = f"{self._wire.links_url}/{self._target.handle}/{self._target.slug}?{tags}"
        agent = BOT if step.by == "bot" else AGENTS[step.device]
        headers = {"user-agent": agent, "cookie": f"fp_vid={self._cookie(step)}"}
        answer = await self._wire.call("GET", address, headers=headers)
        _check(answer, answer.location != "", "click")
        if step.by == "person":
            self._ctx.setdefault(step.visitor, answer.ctx)

    async def _order(self, step: Step) -> None:
        body = {
            "ctx": self._ctx[step.visitor],
            "idempotencyKey": step.key,
            "eventType": self._target.event,
            "value": step.value,
            "currency": self._target.currency,
        }
        answer = await self._wire.call("POST", "/v2/public/conversions", json=body)
        _check(answer, answer.is_good, "order")

    def _cookie(self, step: Step) -> str:
        """The first drawn from the seed whose published hash falls into the variant's open buckets."""
        share = self._shares[step.variant]
        for attempt in count():
            told = f"live {self._seed}|{step.visitor}|{attempt}"
            cookie = hashlib.sha256(told.encode()).hexdigest()[:32]
            if share.start <= bucket_of(self._target.campaign, cookie) < share.open_end:
                return cookie
        raise AssertionError("some cookie falls into each open bucket")


def _check(answer: Answer, is_good: bool, what: str) -> None:  # noqa: FBT001
    if not is_good:
        sentence = f"A request ({what}) of the simulation was answered {answer.status}: {answer.body.get('detail')}"
        raise UnusableServer("refused", sentence, answer.request_id)


async def _shares(wire: Wire, target: Target) -> dict[str, Share]:
    campaign = (await wire.api("GET", target.base)).body
    if campaign["status"] != "ACTIVE":
        raise UnusableServer("not_active", f"{target.campaign} is {campaign['status']}: nobody would enter. Start it.")
    weights = [(own["number"], own["weight"] if own.get("enabled", True) else 0) for own in campaign["variants"]]
    names = {own["number"]: own["variantId"] for own in campaign["variants"]}
    found = {names[share.number]: share for share in shares_of(weights, campaign["rampPercent"])}
    shut = [name for name, share in found.items() if share.open_count == 0 and dict(weights)[share.number] > 0]
    if shut:
        raise UnusableServer("ramp_closed", f"Nobody can reach {', '.join(shut)}: open the ramp first.")
    return found


async def _figures(wire: Wire, target: Target, variants: Mapping[str, int]) -> dict[str, Figures]:
    path = f"/v2/handles/{target.handle}/analytics"
    answer = await wire.api("GET", path, params={"campaignId": target.campaign, "groupBy": "variant"})
    if not answer.is_good:
        raise UnusableServer("no_figures", f"The figures could not be read: {answer.body.get('detail')}")
    rows = {row["key"]: row for row in answer.body["rows"]}
    return {name: _figures_in(rows.get(name), target.currency) for name in variants}


def _figures_in(row: Mapping[str, Any] | None, currency: str) -> Figures:
    if row is None:
        return Figures()
    net = next((own["net"] for own in row["revenue"] if own["currency"] == currency), "0")
    return Figures(row["visitors"], row["converters"], Decimal(net))


def _more(before: Figures, after: Figures) -> Figures:
    return Figures(
        after.visitors - before.visitors, after.converters - before.converters, after.revenue - before.revenue
    )
