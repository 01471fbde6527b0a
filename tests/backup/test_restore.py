"""What comes back is what was there, from either engine into either; into an empty place, whole or not at all."""

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from backup.conftest import Place, all_rows, back_up, bring_back, database_on, nobody_looks
from funnelproof.backup import check
from funnelproof.backup.file import NoSpace
from funnelproof.backup.restore import NotEmpty, ServerRunning, check_folder, into_folder, restore
from funnelproof.backup.rows import LEFT_OUT
from funnelproof.installation import Installation
from funnelproof.recount.compare import recount
from funnelproof.storage.database import Engines
from funnelproof.storage.migrate import newest, revision
from funnelproof.storage.schema import metadata
from funnelproof.storage.sqlite import FILE


def test_every_row_comes_back_from_either_engine_into_either(
    home: Installation, file: Path, target: tuple[Engines, Place]
) -> None:
    engines, place = target
    there = all_rows(home.database.engines)
    back_up(home, file)
    bring_back(file, place)
    assert all_rows(engines) == there
    assert sum(map(len, there.values())) > 100
    with engines.writing.connect() as connection:
        assert revision(connection) == newest()
        assert not inspect(connection).has_table("funnelproof_backup")
        for name in LEFT_OUT:
            assert connection.execute(select(metadata.tables[name])).all() == []
    with database_on(engines) as database:
        report = recount(database, now=home.clock.now())
    assert report.differences == []
    assert report.equal == recount(home.database, now=home.clock.now()).equal > 50


def test_an_interrupted_restore_leaves_nothing(
    home: Installation, file: Path, target: tuple[Engines, Place], tmp_path: Path
) -> None:
    engines, place = target
    back_up(home, file)

    def interrupted(table: str, _rows: int) -> None:
        if table == "conversions":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), check.opened(file) as backup, place() as connection:
        restore(backup, connection, interrupted)
    if engines.writing.dialect.name == "sqlite":
        assert [path.name for path in (tmp_path / "copy").iterdir()] == ["write.lock"]
    else:
        assert inspect(engines.reading).get_table_names() == []
    bring_back(file, place)


def test_nothing_is_restored_over_an_installation(
    home: Installation, file: Path, target: tuple[Engines, Place]
) -> None:
    engines, place = target
    back_up(home, file)
    bring_back(file, place)
    there = all_rows(engines)
    with pytest.raises(NotEmpty, match="over"):
        bring_back(file, place)
    assert all_rows(engines) == there


@pytest.mark.parametrize("name", ["-wal", "-journal"])
def test_what_is_left_of_another_database_is_not_taken_for_a_part_of_this_one(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{FILE}{name}").touch()
    with pytest.raises(NotEmpty, match=f"{FILE}{name} is left"):
        check_folder(tmp_path)


def test_a_folder_on_which_a_server_runs_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "slot-0.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ServerRunning, match="Stop it"):
            check_folder(tmp_path)
    check_folder(tmp_path)


def test_a_folder_that_was_made_for_nothing_goes_again(tmp_path: Path) -> None:
    with pytest.raises(NoSpace, match="not enough room"), into_folder(tmp_path / "copy", size=2**60):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_backup_of_what_was_restored_is_the_same_but_for_its_time(
    home: Installation, file: Path, tmp_path: Path, make_target: Callable[[str], tuple[Engines, Place]]
) -> None:
    """Digests do not depend on the engine, nor on the way that rows have come."""
    from funnelproof.backup.make import make

    first = back_up(home, file)
    engines, place = make_target("postgresql" if first.engine == "sqlite" else "sqlite")
    bring_back(file, place)
    second = make(engines, tmp_path / "second.db", now=home.clock.now(), begun=nobody_looks)
    assert second.engine != first.engine
    assert (second.rows, second.sha256) == (first.rows, first.sha256)
