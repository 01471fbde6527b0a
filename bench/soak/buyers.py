"""People who click and order, as shops do: an order without an answer is sent again under its key until it has one."""

import asyncio
import contextlib
import json
import random
from dataclasses import dataclass, field

from bench.soak.wire import Answer, Connection, NoAnswer

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
CONVERSIONS = "/v2/public/conversions"
TAGS = "utm_source=mail&utm_medium=email&utm_campaign=launch"
PAUSE_SECONDS = 0.05
COMES_BACK, ORDERS_TWICE = 0.3, 0.1


@dataclass
class Acknowledged:
    """What a server answered for.

    `clicks` are ids, `conversions` ids by key, `repeats` how many orders were sent again after their answer.
    `refused` counts 503s, `broken` requests without an answer, `unexpected` holds everything else.
    """

    clicks: set[str] = field(default_factory=set)
    conversions: dict[str, str] = field(default_factory=dict)
    repeats: int = 0
    refused: int = 0
    broken: int = 0
    unexpected: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0


@dataclass
class Crowd:
    """So many connections that buy until `stop` is set. The same seed makes the same choices."""

    url: str
    link: str
    seen: Acknowledged
    number: int = 6
    tag: str = ""
    seed: int = 0
    pause_seconds: float = 0.0
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def buy(self) -> None:
        await asyncio.gather(*(Buyer(self, f"{self.tag}{at}").buy() for at in range(self.number)))


class Buyer:
    """One connection. A visitor comes back now and then with its cookie, and orders twice now and then."""

    def __init__(self, crowd: Crowd, name: str) -> None:
        self._crowd, self._seen, self._name = crowd, crowd.seen, name
        self._random = random.Random(f"{crowd.seed} {name}")  # noqa: S311 - choices of a test
        self._connection = Connection(crowd.url, **{"User-Agent": BROWSER})
        self._cookie = ""

    async def buy(self) -> None:
        at = 0
        async with self._connection:
            while not self._crowd.stop.is_set():
                at += 1
                ctx = await self._click()
                if ctx is not None:
                    await self._order(f"{self._name}-{at}", ctx)
                if self._crowd.pause_seconds:
                    await self._pause(self._crowd.pause_seconds)

    async def _click(self) -> str | None:
        comes_back = self._random.random() < COMES_BACK
        answer = await self._ask("GET", f"{self._crowd.link}?{TAGS}", cookie=self._cookie if comes_back else "")
        if answer is None or self._is_refused(answer):
            return None
        if answer.status != 302:
            self._note(answer)
            return None
        self._seen.clicks.add("clk_" + answer.headers["x-request-id"].removeprefix("req_"))
        self._cookie = answer.headers.get("set-cookie", self._cookie).partition(";")[0]
        return answer.headers["location"].rpartition("ctx=")[2]

    async def _order(self, key: str, ctx: str) -> None:
        """201 to the first time; 200 only where an answer was missed before, or to a repeat."""
        body = json.dumps({"ctx": ctx, "idempotencyKey": key, "value": "49.90"}).encode()
        answer, tries = await self._answer_to(body)
        if answer is None:
            return
        if answer.status != 201 and not (answer.status == 200 and tries > 1):
            self._note(answer)
            return
        self._seen.conversions[key] = json.loads(answer.body)["conversionId"]
        if self._random.random() < ORDERS_TWICE:
            await self._repeat(key, body)

    async def _answer_to(self, body: bytes) -> tuple[Answer | None, int]:
        """(the answer, how often it was asked for); None if the crowd was stopped before there was one."""
        tries = 0
        while tries == 0 or not self._crowd.stop.is_set():
            tries += 1
            answer = await self._ask("POST", CONVERSIONS, body)
            if answer is not None and not self._is_refused(answer):
                return answer, tries
        return None, tries

    async def _repeat(self, key: str, body: bytes) -> None:
        answer = await self._ask("POST", CONVERSIONS, body)
        if answer is None or self._is_refused(answer):
            return
        self._seen.repeats += 1
        if answer.status != 200 or json.loads(answer.body)["conversionId"] != self._seen.conversions[key]:
            self._note(answer)

    async def _ask(self, method: str, path: str, body: bytes | None = None, cookie: str = "") -> Answer | None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            answer = await self._connection.ask(method, path, body, **({"Cookie": cookie} if cookie else {}))
        except NoAnswer:
            self._seen.broken += 1
            await self._pause(PAUSE_SECONDS)
            return None
        self._seen.slowest_seconds = max(self._seen.slowest_seconds, loop.time() - began)
        return answer

    def _is_refused(self, answer: Answer) -> bool:
        """A refusal is a 503 that says when to try again; without that it is noted as unexpected."""
        if answer.status != 503 or "retry-after" not in answer.headers:
            return False
        self._seen.refused += 1
        return True

    def _note(self, answer: Answer) -> None:
        self._seen.unexpected.append(f"{answer.status} {answer.body[:200]!r}")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._crowd.stop.wait(), seconds)
