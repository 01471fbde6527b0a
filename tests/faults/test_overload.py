"""More buyers than a server can take: a bounded queue, an early 503, bounded time and memory, nothing lost."""

import re
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.soak.buyers import Acknowledged
from cli.conftest import Served
from faults.load import buyers, check_nothing_lost_or_doubled, memory_of, wait_for, wait_for_refusals
from faults.place import Place
from funnelproof.server import allow_files
from patience import promised

WAITING = 16
BUYERS = 4 * 64
SECONDS = 5.0
SLOWEST_SECONDS = promised(5)
MORE_MEMORY = 48 << 20


def test_a_crowd_beyond_capacity_is_refused_early_and_costs_no_memory(place: Place) -> None:
    seen = Acknowledged()
    with place.serving(FUNNELPROOF_INGEST_WAITING=str(WAITING)) as served:
        with buyers(served.url, seen, tag="few-"):
            wait_for(seen, 60)
        before, seen.slowest_seconds = memory_of(served), 0.0
        with _watched(served) as queue, buyers(served.url, seen, number=BUYERS):
            wait_for_refusals(seen, 200)
            time.sleep(SECONDS)
        after = memory_of(served)
    assert max(queue) <= WAITING
    assert seen.broken == 0
    assert seen.slowest_seconds < SLOWEST_SECONDS
    assert after - before < MORE_MEMORY
    check_nothing_lost_or_doubled(place, seen)


def test_after_the_crowd_everybody_is_served_again(data: Path) -> None:
    place, crowd, few = Place(data), Acknowledged(), Acknowledged()
    with place.serving(FUNNELPROOF_INGEST_WAITING=str(WAITING)) as served:
        with buyers(served.url, crowd, number=BUYERS, tag="crowd-"):
            wait_for_refusals(crowd, 100)
        with buyers(served.url, few, number=2, tag="few-"):
            wait_for(few, 40)
    assert few.refused == few.broken == 0
    check_nothing_lost_or_doubled(place, few)


@contextmanager
def _watched(served: Served) -> Iterator[list[int]]:
    """The length of the queue, asked again and again until the block ends."""
    seen: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        with served.client() as client:
            while not stop.wait(0.1):
                told = re.search(r"^funnelproof_queue (\S+)$", client.get("/metrics").text, re.MULTILINE)
                assert told is not None
                seen.append(int(float(told[1])))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join(30)
    assert seen


def test_a_server_asks_for_as_many_files_as_it_may_hold_connections() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
        allow_files(200)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 300
        allow_files(350)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 350
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
