"""Ten thousand links that are not there, as fast as they can be asked for: memory and database stay out of it."""

import asyncio
from collections import Counter
from pathlib import Path

from bench.soak.buyers import BROWSER, Acknowledged
from bench.soak.wire import Connection
from cli.conftest import HANDLE
from faults.load import buyers, check_nothing_lost_or_doubled, memory_of, wait_for
from faults.place import Place

SLUGS, DOORS = 10_000, 64
MORE_MEMORY = 32 << 20


def test_ten_thousand_unknown_links_cost_nothing_that_stays(data: Path) -> None:
    place, seen = Place(data), Acknowledged()
    with place.serving() as served, buyers(served.url, seen, number=2):
        wait_for(seen, 30)
        before, bought = memory_of(served), len(seen.conversions)
        statuses = asyncio.run(_ask_for_all(served.url))
        assert set(statuses) <= {404, 503}
        assert statuses[404] > 0
        assert statuses.total() == SLUGS
        assert len(seen.conversions) > bought
        assert memory_of(served) - before < MORE_MEMORY
        wait_for(seen, 30)
    assert seen.broken == 0
    check_nothing_lost_or_doubled(place, seen)


async def _ask_for_all(url: str) -> Counter[int]:
    slugs = iter(range(SLUGS))
    statuses: Counter[int] = Counter()

    async def ask() -> None:
        async with Connection(url, **{"User-Agent": BROWSER}) as connection:
            for slug in slugs:
                statuses[(await connection.ask("GET", f"/{HANDLE}/unknown-{slug}")).status] += 1

    await asyncio.gather(*(ask() for _ in range(DOORS)))
    return statuses
