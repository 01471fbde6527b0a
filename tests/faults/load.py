"""Buyers at a real server, in a thread of their own, and what must hold of everything that they were answered."""

import asyncio
import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import psutil

from bench.soak.buyers import BROWSER, CONVERSIONS, TAGS, Acknowledged, Crowd
from bench.soak.ledger import balance
from bench.soak.wire import Connection
from cli.conftest import HANDLE, Served
from faults.place import Place
from funnelproof.storage.database import Database
from patience import promised

PATH = f"/{HANDLE}/buy-now"
LINK = f"{PATH}?{TAGS}"


@contextlib.contextmanager
def buyers(
    url: str, seen: Acknowledged, *, number: int = 6, tag: str = "", pause_seconds: float = 0.0
) -> Iterator[None]:
    """Keep buying until the block ends."""
    crowd = Crowd(url, PATH, seen, number, tag, pause_seconds=pause_seconds)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(crowd.buy(),))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(crowd.stop.set)
        thread.join(30)
        assert not thread.is_alive()
        loop.close()


def wait_for(seen: Acknowledged, more: int, seconds: float = promised(20)) -> None:
    """Until so many more conversions are acknowledged; a busy machine gets its time."""
    wanted, deadline = len(seen.conversions) + more, time.monotonic() + seconds
    while len(seen.conversions) < wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(seen.conversions) >= wanted, "too little was bought for this test to mean anything"


def wait_for_refusals(seen: Acknowledged, more: int, seconds: float = promised(20)) -> None:
    wanted, deadline = seen.refused + more, time.monotonic() + seconds
    while seen.refused < wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seen.refused >= wanted, "nobody was refused: the fault did not happen"


def kill(served: Served) -> None:
    """End the whole server at once, as a power cut would: no handler runs. It leads a process group of its own."""
    os.killpg(served.process.pid, signal.SIGKILL)
    served.process.wait(10)


def workers_of(served: Served) -> list[psutil.Process]:
    return psutil.Process(served.process.pid).children()


def memory_of(served: Served) -> int:
    """Bytes that the workers hold of their own."""
    return sum(worker.memory_info().rss - worker.memory_info().shared for worker in workers_of(served))


async def clicked(url: str) -> str:
    """The ctx of one click."""
    async with Connection(url, **{"User-Agent": BROWSER}) as connection:
        return (await connection.ask("GET", LINK)).headers["location"].rpartition("ctx=")[2]


async def ordered(connection: Connection, ctx: str, key: str) -> tuple[int, str]:
    """(status, conversion id or '') of one order."""
    answer = await connection.ask(
        "POST", CONVERSIONS, json.dumps({"ctx": ctx, "idempotencyKey": key, "value": "49.90"}).encode()
    )
    return answer.status, json.loads(answer.body).get("conversionId", "")


def check_nothing_lost_or_doubled(place: Place, seen: Acknowledged) -> None:
    with closing(Database(place.engines())) as database:
        check_balance(database, seen)


def check_balance(database: Database, seen: Acknowledged) -> None:
    """Acknowledged ⊆ stored, every key once, counters = recount."""
    found = balance(database, seen)
    assert seen.unexpected == []
    assert found.lost_clicks == set()
    assert found.lost_conversions == set()
    assert found.doubled == set()
    assert found.different == []
    assert found.equal > 0
