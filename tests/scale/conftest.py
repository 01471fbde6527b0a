"""Installations filled with made-up events, on either engine."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bench.fill import Filled, fill
from funnelproof.installation import Installation
from funnelproof.opening import open_installation
from funnelproof.settings import Settings
from funnelproof.storage.database import Engines


@pytest.fixture
def fill_settings(make_engines: Callable[[str], Engines], engine_kind: str, tmp_path: Path) -> Settings:
    """Of a place where nothing is yet."""
    given: dict[str, Any] = {"data": tmp_path / "filled"}
    if engine_kind == "postgresql":
        engines = make_engines(engine_kind)
        with engines.writing.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        given["database_url"] = engines.writing.url.set(drivername="postgresql").render_as_string(hide_password=False)
        engines.close()
    return Settings(**given)


@pytest.fixture
def filled(fill_settings: Settings) -> Iterator[tuple[Filled, Installation]]:
    """3 000 events: a busy campaign and four with little traffic."""
    made = fill(fill_settings, 3000, side_campaigns=4)
    home = open_installation(fill_settings)
    yield made, home
    home.lane.close()
    home.database.close()
