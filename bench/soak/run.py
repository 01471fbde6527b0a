"""The run: buyers who never rest, kills at random moments in the first half, one long life in the second."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.soak.buyers import Acknowledged, Crowd
from bench.soak.server import Server
from bench.soak.wire import Connection
from bench.stand import HANDLE, Stand, campaign

SAMPLES_PER_SECOND = 2
SHARE_WITH_KILLS = 0.5
PATIENCE_SECONDS = 30.0
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Plan:
    """`seconds` of load, the time of restarts not counted."""

    seconds: float
    kills: int
    connections: int
    pause_seconds: float
    seed: int

    def lifespans(self, chance: random.Random) -> list[float]:
        """How long each life that ends by a kill lasts: random, together half of the time."""
        parts = [chance.random() + 0.05 for _ in range(self.kills)]
        return [part / sum(parts) * self.seconds * SHARE_WITH_KILLS for part in parts]


async def soak(stand: Stand, server: Server, plan: Plan, progress: Progress) -> Acknowledged:
    """What was acknowledged. The server is stopped when this returns."""
    chance, seen = random.Random(plan.seed), Acknowledged()  # noqa: S311 - moments of a test
    await asyncio.to_thread(server.start)
    try:
        await furnish(stand, server.url)
        crowd = crowd_of(server, plan, seen)
        buying = asyncio.create_task(crowd.buy())
        await _live(server, plan, chance, progress)
        await _first_order(seen)
        crowd.stop.set()
        await buying
    finally:
        await asyncio.to_thread(server.stop)
    return seen


async def furnish(stand: Stand, url: str) -> None:
    """The campaign that the buyers click."""
    async with Connection(url, Authorization=f"Bearer {stand.token}") as connection:
        made = await connection.ask("POST", f"/v2/handles/{HANDLE}/campaigns", json.dumps(campaign()).encode())
    if made.status != 201:
        raise RuntimeError(f"the campaign was refused: {made.body!r}")


def crowd_of(server: Server, plan: Plan, seen: Acknowledged) -> Crowd:
    return Crowd(
        server.url,
        f"/{HANDLE}/buy-now",
        seen,
        plan.connections,
        "soak-",
        seed=plan.seed,
        pause_seconds=plan.pause_seconds,
    )


async def _first_order(seen: Acknowledged) -> None:
    """A short run on a busy machine gets its time: with nothing acknowledged it would show nothing."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not seen.conversions and time.monotonic() < ends:
        await asyncio.sleep(0.1)


async def _live(server: Server, plan: Plan, chance: random.Random, progress: Progress) -> None:
    spans = plan.lifespans(chance)
    for number, span in enumerate(spans, 1):
        await _watch(server, span, f"Life {number} of {len(spans) + 1}", progress)
        await asyncio.to_thread(server.kill, chance)
    await _watch(server, plan.seconds - sum(spans), f"Life {len(spans) + 1}, the long one", progress)


async def _watch(server: Server, seconds: float, what: str, progress: Progress) -> None:
    """Sample memory until the time is over."""
    step = 1 / SAMPLES_PER_SECOND
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        await asyncio.sleep(min(step, left))
        server.sample()
        progress(what, min(step, left))
