"""What tests share in one session: the way to the server, and the campaigns that were made there."""

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx2

from funnelproof.plans.faults import UnusablePlan, UnusableServer
from funnelproof.plans.read import read_plan
from funnelproof.plans.stage import Stage
from funnelproof.plans.target import find_target
from funnelproof.plans.wire import Wire
from funnelproof.rehearsal.run import Run
from funnelproof.rehearsal.server import Server

Result = TypeVar("Result")
PATIENCE_SECONDS = 30.0
CREATED = 201


class OwnLoop:
    """An event loop in a thread of its own, so that tests with a loop of their own can use it, too."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="funnelproof", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class House:
    def __init__(self, server: Server, http: httpx2.AsyncClient, loop: OwnLoop) -> None:
        self.server, self.http, self.loop = server, http, loop
        self._made: set[str] = set()

    def open_run(self, campaign: str | dict[str, Any], *, seed: str) -> Run:
        """A run of a campaign that is there (its id), or that is made once from what is told of it."""
        return self.loop.run(self._open(campaign, seed))

    async def _open(self, campaign: str | dict[str, Any], seed: str) -> Run:
        wire = Wire(self.http, self.server.token)
        id_ = campaign if isinstance(campaign, str) else await self._campaign(wire, campaign)
        plan = json.dumps({"plan": "rehearsal", "campaign": id_, "seed": seed, "scenes": [{"read": "funnel"}]})
        try:
            stage = Stage(wire, await find_target(wire, read_plan(plan.encode(), "rehearsal")), seed)
        except UnusablePlan as error:
            raise ValueError("; ".join(fault.sentence for fault in error.faults)) from None
        await stage.open(None, None)
        return Run(stage, self.loop)

    async def _campaign(self, wire: Wire, told: dict[str, Any]) -> str:
        as_text = json.dumps(told, sort_keys=True)
        if as_text not in self._made:
            path = f"/v2/handles/{self.server.handle}/campaigns"
            answer = await wire.api("POST", path, told)
            if answer.status != CREATED:
                raise UnusableServer(
                    str(answer.body.get("error")),
                    f"The campaign could not be made: {answer.status} {answer.body.get('detail')}",
                    answer.request_id,
                )
            self._made.add(as_text)
        return str(told["campaignId"])


@contextmanager
def house_of(server: Server) -> Iterator[House]:
    loop = OwnLoop()
    # Loopback and one's own server: what is set for a proxy is not asked.
    http = httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE_SECONDS, trust_env=False)
    try:
        yield House(server, http, loop)
    finally:
        loop.run(http.aclose())
        loop.close()
