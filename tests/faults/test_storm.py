"""One key from many doors at once, on two processes: one row, one 201, the others the same conversion."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence

import pytest

from bench.soak.ledger import stored
from bench.soak.wire import Connection
from faults.load import clicked, ordered
from faults.place import Place
from funnelproof.recount.compare import recount
from funnelproof.storage.database import Database

DOORS = 64


@pytest.mark.parametrize("processes", ["two workers", "two servers"])
def test_one_key_from_sixty_four_connections_on_two_processes_is_one_conversion(place: Place, processes: str) -> None:
    with contextlib.ExitStack() as servers:
        workers = "2" if processes == "two workers" else "1"
        urls = [servers.enter_context(place.serving("--workers", workers)).url]
        if processes == "two servers":
            urls.append(servers.enter_context(place.serving()).url)
        answers = asyncio.run(_storm(urls))
    statuses = Counter(status for status, _ in answers)
    assert statuses[201] == 1
    assert set(statuses) <= {200, 201, 503}
    assert statuses[200] >= DOORS // 2
    _check_stored_once(place, {conversion_id for status, conversion_id in answers if status != 503})


async def _storm(urls: Sequence[str]) -> list[tuple[int, str]]:
    ctx = await clicked(urls[0])
    together = asyncio.Barrier(DOORS)

    async def convert(url: str) -> tuple[int, str]:
        async with Connection(url) as connection:
            await connection.ask("GET", "/v2/public/context")
            await together.wait()
            return await ordered(connection, ctx, "order-1")

    return await asyncio.gather(*(convert(urls[at % len(urls)]) for at in range(DOORS)))


def _check_stored_once(place: Place, ids: set[str]) -> None:
    database = Database(place.engines())
    assert [set(found) for found in stored(database).conversions.values()] == [ids]
    assert recount(database, now=2**60).differences == []
    database.close()
