"""A backup is one whole file of one moment, holds no more than it should, and never takes another file's place."""

import fcntl
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, text

from backup.conftest import Place, all_rows, back_up, bring_back, database_on, nobody_looks
from cast import make_cast
from conftest import MakeInstallation
from funnel import Funnel
from funnelproof.backup import file as files
from funnelproof.backup import manifest
from funnelproof.backup.check import NewerSchema
from funnelproof.backup.file import BeingWritten, NoSpace, building, reading, written
from funnelproof.backup.make import FileThere, NoSchema, make
from funnelproof.installation import Installation
from funnelproof.recount.compare import recount
from funnelproof.storage.database import Engines
from funnelproof.storage.migrate import newest, revision, upgrade
from funnelproof.storage.sqlite import FILE, SqliteEngines


@pytest.fixture
def engine_kind() -> str:
    """Where nothing depends on the engine, the quick one."""
    return "sqlite"


@pytest.fixture
def home(make_installation: MakeInstallation) -> Installation:
    """With people, and no traffic yet: most of this does not need it."""
    home = make_installation()
    make_cast(home)
    return home


def names(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir() if path.name.startswith(file.name))


def test_a_backup_is_one_plain_file_that_only_its_owner_reads(funnel: Funnel, file: Path) -> None:
    home = funnel.cast.home
    made = back_up(home, file)
    assert names(file) == [file.name]
    assert file.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(file)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert opened.execute("PRAGMA foreign_key_check").fetchall() == []
        for table, rows in made.rows.items():
            assert opened.execute(f"SELECT count(*) FROM {table}").fetchone() == (rows,)  # noqa: S608
    with reading(file) as connection:
        assert manifest.read(connection) == made


def test_neither_salts_nor_the_secret_are_in_it(funnel: Funnel, file: Path) -> None:
    home = funnel.cast.home
    with home.database.engines.reading.connect() as connection:
        salts = connection.execute(text("select sealed from day_salts")).scalars().all()
    assert salts
    back_up(home, file)
    content = file.read_bytes()
    assert not any(salt.encode() in content for salt in salts)
    with closing(sqlite3.connect(file)) as opened:
        assert opened.execute("select name from funnelproof_backup where name = 'secret'").fetchall() == []


def test_the_secret_is_in_it_if_asked_for_and_in_no_repr(home: Installation, file: Path) -> None:
    made = back_up(home, file, secret="hush-hush")
    assert made.secret == "hush-hush"
    assert "hush-hush" not in repr(made)
    assert b"hush-hush" in file.read_bytes()


@pytest.mark.parametrize("engine_kind", ["sqlite", "postgresql"])
def test_a_backup_is_of_one_moment_and_nobody_waits_for_it(
    funnel: Funnel, file: Path, make_target: Callable[[str], tuple[Engines, Place]]
) -> None:
    home = funnel.cast.home
    there = all_rows(home.database.engines)

    def meanwhile(_source: Connection, _tables: list[Table]) -> Callable[[str, int], None]:
        funnel.convert(funnel.click(person=70).ctx, "order-70", value="7.00")
        return lambda *_: None

    make(home.database.engines, file, now=home.clock.now(), begun=meanwhile)
    assert all_rows(home.database.engines) != there
    engines, place = make_target("sqlite")
    bring_back(file, place)
    assert all_rows(engines) == there
    with database_on(engines) as database:
        assert recount(database, now=home.clock.now()).differences == []


def test_a_file_that_is_there_stays_unless_it_is_forced(home: Installation, file: Path) -> None:
    back_up(home, file)
    before = file.read_bytes()
    with pytest.raises(FileThere, match="--force"):
        back_up(home, file)
    assert file.read_bytes() == before
    home.database.write_now(lambda tx: tx.execute(text("update users set name = 'Somebody Else'")))
    back_up(home, file, force=True)
    assert b"Somebody Else" in file.read_bytes()
    assert names(file) == [file.name]


def test_not_even_force_replaces_what_is_no_backup(home: Installation, tmp_path: Path) -> None:
    database = home.settings.data / FILE
    note = tmp_path / "note.txt"
    note.write_text("mine")
    for other in (database, note, tmp_path):
        with pytest.raises(FileThere, match="no backup"):
            back_up(home, other, force=True)
    assert note.read_text() == "mine"
    assert recount(home.database, now=home.clock.now()).differences == []


def test_an_interrupted_backup_leaves_nothing_and_the_one_before_it(home: Installation, file: Path) -> None:
    def interrupted(*_: object) -> Callable[[str, int], None]:
        raise KeyboardInterrupt

    def interrupt() -> None:
        with pytest.raises(KeyboardInterrupt):
            make(home.database.engines, file, now=0, begun=interrupted, force=True)

    interrupt()
    assert names(file) == []
    back_up(home, file)
    before = file.read_bytes()
    interrupt()
    assert names(file) == [file.name]
    assert file.read_bytes() == before


def test_what_a_killed_backup_left_is_overwritten(home: Installation, file: Path) -> None:
    left = file.with_name("backup.db.part")
    left.write_bytes(b"half a file" * 1000)
    left.chmod(0o644)
    back_up(home, file)
    assert names(file) == [file.name]
    assert file.stat().st_mode & 0o777 == 0o600
    with reading(file) as connection:
        assert manifest.read(connection) is not None


def test_two_backups_to_one_name_at_once_do_not_mix(home: Installation, file: Path) -> None:
    with written(file) as part:
        part.write_text("the first")
        with pytest.raises(BeingWritten, match="choose another name"):
            back_up(home, file)
    assert file.read_text() == "the first"


def test_a_link_laid_where_the_file_is_to_be_written_is_not_followed(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    file.with_name("backup.db.part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"), written(file):
        pass
    assert (tmp_path / "elsewhere").read_text() == ""


def test_a_lock_on_a_file_that_lost_its_name_meanwhile_came_too_late(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening and locking, the other command has finished: the file is a whole backup now."""

    def finished_first(held: int, how: int) -> None:
        file.with_name("backup.db.part").rename(file)
        fcntl_flock(held, how)

    fcntl_flock = fcntl.flock
    file.with_name("backup.db.part").write_text("whole")
    monkeypatch.setattr(files.fcntl, "flock", finished_first)
    with pytest.raises(BeingWritten), written(file):
        pass
    assert file.read_text() == "whole"


def test_a_backup_never_fills_the_disk(home: Installation, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "RESERVE_BYTES", 2**62)
    with pytest.raises(NoSpace, match="Nothing was left behind"):
        back_up(home, file)
    assert names(file) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB, less than the tables alone need."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    folder = tmp_path / "disk"
    folder.mkdir()
    tried = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=256k", "none", folder], capture_output=True)
    if not umount or not tried or tried.returncode != 0:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run([umount, folder], check=True)


@pytest.mark.parametrize("filled", [0, 200])
def test_a_disk_that_is_full_is_told_and_cleared(
    home: Installation, small_disk: Path, filled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_disk / "other").write_bytes(b"x" * 1024 * filled)
    with pytest.raises(NoSpace, match=r"not enough room in .+ free of \d+ MiB that it may need"):
        back_up(home, small_disk / "backup.db")
    monkeypatch.setattr(files, "RESERVE_BYTES", -(2**40))
    with pytest.raises(NoSpace, match="not enough room"):
        back_up(home, small_disk / "backup.db")
    assert [path.name for path in small_disk.iterdir()] == ["other"]


def test_an_older_schema_is_backed_up_as_it_stands_and_brought_forward_when_it_is_restored(
    file: Path, tmp_path: Path, make_target: Callable[[str], tuple[Engines, Place]]
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    with building(folder / FILE) as connection:
        upgrade(connection, "0001")
        connection.exec_driver_sql("INSERT INTO users VALUES ('usr_1', 'a@b.example', '', 'A', 0, 1)")
    with closing(SqliteEngines(folder)) as engines:
        made = make(engines, file, now=0, begun=nobody_looks)
        with engines.reading.connect() as connection:
            assert (made.revision, revision(connection)) == ("0001", "0001")
    assert "looks" not in made.rows
    engines, place = make_target("sqlite")
    bring_back(file, place)
    with engines.reading.connect() as connection:
        assert revision(connection) == newest()
    assert [row[1] for row in all_rows(engines)["users"]] == ["a@b.example"]


def test_a_newer_schema_is_left_to_its_release(home: Installation, file: Path) -> None:
    home.database.write_now(lambda tx: tx.execute(text("update alembic_version set version_num = '9999'")))
    with pytest.raises(NewerSchema, match="9999, which release"):
        back_up(home, file)
    assert names(file) == []


def test_a_database_without_a_schema_holds_nothing_to_back_up(file: Path, tmp_path: Path) -> None:
    with closing(SqliteEngines(tmp_path / "new")) as engines, pytest.raises(NoSchema, match="nothing to back up"):
        make(engines, file, now=0, begun=nobody_looks)


def test_no_table_has_a_sequence_that_a_restore_would_have_to_set(make_installation: MakeInstallation) -> None:
    database = make_installation("postgresql").database
    assert database.read_now(lambda tx: tx.all(text("select sequencename from pg_sequences"))) == []
