"""What a released version left behind comes to this release's schema with its rows, and its counters still agree."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backup.conftest import Place, bring_back, database_on, empty_address, make_target, target
from conftest import SEAL
from funnelproof.backup import check
from funnelproof.backup.manifest import Manifest
from funnelproof.clock import from_iso
from funnelproof.keys import store
from funnelproof.recount.compare import recount
from funnelproof.storage.database import Database, Engines
from funnelproof.storage.migrate import migrate, newest, revision
from funnelproof.storage.sqlite import FILE, SqliteEngines
from upgrade.released import SCHEMAS, unpack

__all__ = ["empty_address", "make_target", "target"]


@pytest.fixture(params=SCHEMAS)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    unpack(request.param, tmp_path / "released.db")
    return tmp_path / "released.db"


@pytest.fixture
def told(released: Path) -> Manifest:
    with check.opened(released) as backup:
        return backup.manifest


@pytest.fixture
def served_before(released: Path, told: Manifest, tmp_path: Path) -> Iterator[Engines]:
    """A data folder as that release left it; `told` reads the manifest before it is dropped."""
    assert told.revision in SCHEMAS
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(sqlite3.connect(released)) as made:
        made.execute("DROP TABLE funnelproof_backup")
        made.execute("VACUUM INTO ?", [str(folder / FILE)])
    with closing(SqliteEngines(folder)) as engines:
        yield engines


def check_as_it_was(database: Database, told: Manifest) -> None:
    """At the newest schema, every counter as its rows say, as many as there were, and keys that open."""
    with database.engines.writing.connect() as connection:
        assert revision(connection) == newest()
    report = recount(database, now=from_iso(told.made_at))
    assert report.differences == []
    assert report.equal > 300
    live = next(sums for sums in report.sums if sums.world == "live")
    assert live.counters["clicks"] == 90
    keys = database.read_now(store.all_keys)
    assert len([SEAL.open(key.sealed) for key in keys]) == told.rows["ring_keys"] == 4


def test_a_release_before_this_one_is_among_them() -> None:
    assert SCHEMAS[0] == "0002"


def test_serving_brings_an_older_database_forward(served_before: Engines, told: Manifest) -> None:
    migrate(served_before)
    with database_on(served_before) as database:
        check_as_it_was(database, told)


def test_an_older_backup_is_restored_at_this_releases_schema(
    released: Path, told: Manifest, target: tuple[Engines, Place]
) -> None:
    engines, place = target
    bring_back(released, place)
    with database_on(engines) as database:
        check_as_it_was(database, told)
