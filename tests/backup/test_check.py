"""A file that is not what was written is refused before a row of it is restored."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from backup.conftest import Place, bring_back
from funnelproof.backup.check import DamagedBackup, NewerSchema, NotABackup
from funnelproof.storage.database import Engines
from upgrade.released import SCHEMAS, unpack


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A whole backup."""
    unpack(SCHEMAS[-1], tmp_path / "backup.db")
    return tmp_path / "backup.db"


@pytest.fixture
def refused(make_target: Callable[[str], tuple[Engines, Place]], file: Path) -> Callable[[type[Exception]], str]:
    """The sentence with which the file is refused; the place stays empty."""

    def refused(kind: type[Exception]) -> str:
        engines, place = make_target("sqlite")
        with pytest.raises(kind) as told:
            bring_back(file, place)
        with engines.reading.connect() as connection:
            assert connection.exec_driver_sql("select count(*) from sqlite_master").scalar_one() == 0
        return str(told.value)

    return refused


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as opened, opened:
        assert opened.execute(statement).rowcount > 0


@pytest.mark.parametrize(
    ("plant", "table"),
    [
        ("update clicks set country = 'XX' where rowid_of = 1", "clicks"),
        ("delete from ledger", "ledger"),
        ("update conversions set value_minor = value_minor + 1 where value_minor = 350", "conversions"),
        ("update funnelproof_backup set value = replace(value, '\"campaigns\": 1', '\"campaigns\": 2')", "campaigns"),
        ("update funnelproof_backup set value = replace(value, '\"claims\"', '\"claim_s\"')", "claim_s, claims"),
    ],
)
def test_a_row_that_is_not_what_was_written_is_found(
    file: Path, refused: Callable[[type[Exception]], str], plant: str, table: str
) -> None:
    change(file, plant.replace("rowid_of = 1", "click_id = (select max(click_id) from clicks)"))
    assert f"rows of {table} are not those that were written" in refused(DamagedBackup)


def test_a_bit_that_turned_within_a_text_is_found(file: Path, refused: Callable[[type[Exception]], str]) -> None:
    """SQLite's own check of a file does not see it."""
    content = file.read_bytes()
    file.write_bytes(content.replace(b"New buyer funnel", b"Nev buyer funnel"))
    assert file.read_bytes() != content
    with closing(sqlite3.connect(file)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert "campaigns" in refused(DamagedBackup)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.99])
def test_a_file_that_was_cut_off_is_found(file: Path, refused: Callable[[type[Exception]], str], part: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * part)])
    assert "damaged" in refused(DamagedBackup)


def test_pages_of_noise_are_found_whatever_they_held(
    file: Path, make_target: Callable[[str], tuple[Engines, Place]]
) -> None:
    """Of rows, of an index, of the manifest."""
    content, noise = file.read_bytes(), bytes(range(256)) * 16
    _, place = make_target("sqlite")
    told = set()
    for page in range(1, len(content) // 4096, 12):
        file.write_bytes(content[: page * 4096] + noise + content[(page + 1) * 4096 :])
        with pytest.raises((DamagedBackup, NotABackup)) as refusal:
            bring_back(file, place)
        told.add(re.sub(r".*damaged: |[\d.]+", "", str(refusal.value)))
    assert told


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 something else", b"SQLite format 3"])
def test_another_kind_of_file_is_refused(file: Path, refused: Callable[[type[Exception]], str], content: bytes) -> None:
    file.write_bytes(content)
    assert "was not made by `funnelproof backup`" in refused(NotABackup)


def test_a_database_without_a_manifest_is_refused(file: Path, refused: Callable[[type[Exception]], str]) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("create table users (user_id text)")
    assert "was not made by `funnelproof backup`" in refused(NotABackup)


def test_a_backup_of_a_later_release_is_left_to_it(file: Path, refused: Callable[[type[Exception]], str]) -> None:
    change(file, "update funnelproof_backup set value = '\"9999\"' where name = 'revision'")
    change(file, "update funnelproof_backup set value = '\"7.0.0\"' where name = 'release'")
    told = refused(NewerSchema)
    assert "release 7.0.0" in told
    assert "9999" in told


@pytest.mark.parametrize(
    "plant",
    [
        "update funnelproof_backup set value = '{' where name = 'rows'",
        "update funnelproof_backup set value = '2' where name = 'format'",
        "update funnelproof_backup set name = 'other' where name = 'made_at'",
        "delete from funnelproof_backup where name = 'sha256'",
        "update funnelproof_backup set value = '7' where name = 'rows'",
    ],
)
def test_a_manifest_that_cannot_be_read_is_damage(
    file: Path, refused: Callable[[type[Exception]], str], plant: str
) -> None:
    change(file, plant)
    assert "damaged" in refused(DamagedBackup)
