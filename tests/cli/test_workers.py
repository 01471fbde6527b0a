"""`--workers 2`: two processes behind one port, on either database, are one server."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from cli.conftest import HANDLE, Served, funnelproof, init, make_token, serving
from cli.nodes import (
    LINKS,
    SCOPES,
    WITHIN_SECONDS,
    at_once,
    convert,
    ctx_in,
    follow,
    make_campaign,
    new_database,
    stale_for,
)

CONNECTIONS = 16
SLOTS = "SELECT DISTINCT slot FROM day_tallies"


@pytest.fixture(params=["sqlite", "postgresql"])
def variables(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "sqlite":
        return {}
    return {"FUNNELPROOF_DATABASE_URL": new_database(request.getfixturevalue("postgres_server"))}


@pytest.fixture
def two_workers(variables: dict[str, str], tmp_path: Path) -> Iterator[tuple[Served, str]]:
    assert init(tmp_path, **variables).returncode == 0
    token = make_token(tmp_path, *SCOPES, **variables)
    with serving(tmp_path, "--workers", "2", **variables) as served:
        yield served, token


@contextmanager
def many_connections(served: Served) -> Iterator[list[httpx2.Client]]:
    """Enough of them that each worker has some: who accepts a connection keeps it."""
    with ExitStack() as stack:
        yield [stack.enter_context(served.client()) for _ in range(CONNECTIONS)]


def slots_counted_under(data: Path, variables: dict[str, str]) -> set[int]:
    if variables:
        with psycopg.connect(variables["FUNNELPROOF_DATABASE_URL"]) as connection:
            return {row[0] for row in connection.execute(SLOTS)}
    database = sqlite3.connect(data / "funnelproof.db")
    found = {row[0] for row in database.execute(SLOTS)}
    database.close()
    return found


def test_two_workers_see_changes_within_a_second_and_count_everything_once(
    two_workers: tuple[Served, str], variables: dict[str, str], tmp_path: Path
) -> None:
    served, token = two_workers
    with served.client(token) as owner, many_connections(served) as buyers:
        make_campaign(owner)

        def buy(at: int) -> list[int]:
            buyer, other = buyers[at % CONNECTIONS], buyers[(at + 7) % CONNECTIONS]
            ctx = ctx_in(follow(buyer))
            return [convert(whom, ctx, f"order-{at}").status_code for whom in (buyer, other)]

        def destinations() -> set[str]:
            answers = at_once(lambda at: follow(buyers[at], f"/{HANDLE}/here"), CONNECTIONS, hands=4)
            return {answer.headers["location"].partition("?")[0] for answer in answers}

        old, new = "https://shop.gharart.example/old", "https://shop.gharart.example/new"
        assert owner.put(f"{LINKS}/here", json={"destinationUrl": old}).status_code == 201
        assert at_once(buy, 64, hands=4) == [[201, 200]] * 64
        assert destinations() == {old}
        assert owner.put(f"{LINKS}/here", json={"destinationUrl": new}).status_code == 200
        assert stale_for(lambda: destinations() == {new}) <= WITHIN_SECONDS
    assert len(slots_counted_under(tmp_path, variables)) == 2
    assert funnelproof("recount", "--check", "--data", tmp_path, **variables).returncode == 0
