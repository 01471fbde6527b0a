"""Routes at hand: forgotten when another process changes a handle, without asking about handles nobody visits."""

import asyncio

import pytest
from sqlalchemy import insert

from funnel import Funnel
from funnelproof.clicks.cache import RouteCache
from funnelproof.installation import Installation
from funnelproof.storage.changes import bump, version_of
from funnelproof.storage.database import Database
from funnelproof.storage.schema import changes


@pytest.fixture
def routes(installation: Installation, funnel: Funnel) -> RouteCache:
    funnel.campaign()
    return RouteCache(installation.database, 100)


def changed_elsewhere(database: Database) -> None:
    """As another process would: this one's listeners hear nothing."""
    listeners, database._listeners = database._listeners, []
    database.write_now(lambda tx: bump(tx, "gharart"))
    database._listeners = listeners


def test_a_route_stays_until_its_handle_changes_elsewhere(routes: RouteCache, installation: Installation) -> None:
    async def visit() -> list[bool]:
        seen = []
        for change in (False, False, True, False):
            if change:
                changed_elsewhere(installation.database)
            await routes.poll()
            seen.append(routes.known("gharart", "buy-now") is not None)
            await routes.get("gharart", "buy-now")
        return seen

    assert asyncio.run(visit()) == [False, True, False, True]


def test_a_change_between_two_reads_is_not_missed(routes: RouteCache, installation: Installation) -> None:
    async def visit() -> list[bool]:
        await routes.get("gharart", "buy-now")
        changed_elsewhere(installation.database)
        await routes.get("gharart", "no-such-link")
        seen = [routes.known("gharart", "buy-now") is not None]
        await routes.get("gharart", "buy-now")
        await routes.poll()
        return [*seen, routes.known("gharart", "buy-now") is not None]

    assert asyncio.run(visit()) == [False, True]


def test_a_poll_reads_nothing_of_handles_that_nobody_visits(routes: RouteCache, installation: Installation) -> None:
    """All of a hundred thousand handles, twice a second, were a core of their own."""
    rows = [{"handle": f"idle-{at}", "version": 1} for at in range(2000)]
    installation.database.write_now(lambda tx: tx.execute(insert(changes), rows))

    async def visit() -> int:
        await routes.get("gharart", "buy-now")
        await routes.poll()
        return len(routes._versions)

    assert asyncio.run(visit()) == 1


def test_what_others_keep_by_generation_is_polled_too(routes: RouteCache, installation: Installation) -> None:
    """Pages of a handle whose links nobody follows."""
    routes.hold(lambda: {"gharart"})

    async def visit() -> list[int]:
        begun = routes.generation("gharart")
        kept = routes.read_at("gharart", installation.database.read_now(lambda tx: version_of(tx, "gharart")), begun)
        await routes.poll()
        steps = [routes.generation("gharart") - kept]
        changed_elsewhere(installation.database)
        await routes.poll()
        return [*steps, routes.generation("gharart") - kept]

    assert asyncio.run(visit()) == [0, 1]
