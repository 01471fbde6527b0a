"""An installation that has lived a little, on either engine, and empty places to restore into."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Table, select

from cast import Client, make_cast
from conftest import MakeInstallation
from funnel import CAMPAIGN, TAGS, Funnel
from funnelproof.app import Application
from funnelproof.backup import check
from funnelproof.backup.make import make
from funnelproof.backup.manifest import Manifest
from funnelproof.backup.restore import into_database, into_folder, restore
from funnelproof.backup.rows import LEFT_OUT
from funnelproof.clock import DAY, SetClock
from funnelproof.installation import Installation
from funnelproof.storage.database import Database, Engines
from funnelproof.storage.postgres import PostgresEngines
from funnelproof.storage.schema import metadata
from funnelproof.storage.sqlite import SqliteEngines

Place = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture
def funnel(make_installation: MakeInstallation, engine_kind: str, clock: SetClock) -> Iterator[Funnel]:
    """On either engine: clicks with and without a cookie, orders, a repeat, a test conversion, a day in between."""
    home = make_installation(engine_kind)
    with Client(Application(home)) as client:
        funnel = Funnel(client, make_cast(home))
        funnel.campaign()
        live(funnel, clock)
        yield funnel


def live(funnel: Funnel, clock: SetClock) -> None:
    for person in range(8):
        ctx = funnel.click(TAGS, person=person).ctx
        funnel.convert(ctx, f"order-{person}", value=f"{person}.50", properties={"size": "größer", "n": 1})
    funnel.click(TAGS, person=None, headers={"sec-gpc": "1"})
    clock.advance(DAY)
    ctx = funnel.click(TAGS, person=3).ctx
    for status in (201, 200):
        assert funnel.send(ctx, "again").status_code == status
    path = f"{funnel.base}/campaigns/{CAMPAIGN}/test-conversion"
    assert funnel.client.post(path, {}, by=funnel.owner).status_code == 201


@pytest.fixture
def home(funnel: Funnel) -> Installation:
    return funnel.cast.home


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.db"


@pytest.fixture
def empty_address(postgres_server: Any) -> str:
    """Of a PostgreSQL database without a table."""
    name = f"empty_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_server.get_uri("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return str(postgres_server.get_uri(name))


@pytest.fixture
def make_target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], tuple[Engines, Place]]]:
    """An empty place on an engine: how it is filled, and its engines for afterwards."""
    made: list[Engines] = []

    def target(kind: str) -> tuple[Engines, Place]:
        if kind == "sqlite":
            folder = tmp_path / "copy"
            made.append(SqliteEngines(folder))
            return made[-1], lambda: into_folder(folder)
        made.append(PostgresEngines(request.getfixturevalue("empty_address")))
        return made[-1], lambda: into_database(made[-1])

    yield target
    for engines in made:
        engines.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def target(
    request: pytest.FixtureRequest, make_target: Callable[[str], tuple[Engines, Place]]
) -> tuple[Engines, Place]:
    return make_target(request.param)


def nobody_looks(*_: object) -> Callable[[str, int], None]:
    return lambda *_: None


def back_up(home: Installation, file: Path, **more: Any) -> Manifest:
    return make(home.database.engines, file, now=home.clock.now(), begun=nobody_looks, **more)


def bring_back(file: Path, place: Place) -> None:
    with check.opened(file) as backup, place() as connection:
        check.check(file, backup, nobody_looks())
        restore(backup, connection, nobody_looks())


@contextmanager
def database_on(engines: Engines) -> Iterator[Database]:
    with closing(Database(engines)) as database:
        yield database


def all_rows(engines: Engines) -> dict[str, list[tuple[object, ...]]]:
    """Every row that a backup is to bring back, in the order of its key."""
    with engines.reading.connect() as connection:
        return {table.name: _rows(connection, table) for table in metadata.sorted_tables if table.name not in LEFT_OUT}


def _rows(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
