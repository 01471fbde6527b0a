"""`funnelproof doctor` finds planted faults, and names the remedy of each."""

import sqlite3
from pathlib import Path

from cli.conftest import failed_checks


def change(data: Path, statement: str) -> None:
    database = sqlite3.connect(data / "funnelproof.db")
    database.execute(statement)
    database.commit()
    database.close()


def test_a_sound_installation_passes_every_check(data: Path) -> None:
    assert failed_checks(data) == {}


def test_a_secret_that_others_can_read(data: Path) -> None:
    (data / "secret.key").chmod(0o644)
    failed = failed_checks(data)
    assert set(failed) == {"secret"}
    assert "chmod 600" in failed["secret"]["remedy"]


def test_a_secret_that_is_lost_or_another_one(data: Path) -> None:
    assert set(failed_checks(data, FUNNELPROOF_SECRET="another")) == {"keys"}
    (data / "secret.key").unlink()
    assert set(failed_checks(data)) == {"secret", "keys"}
    assert not (data / "secret.key").exists()


def test_a_database_that_is_not_one(data: Path) -> None:
    for name in ("funnelproof.db-wal", "funnelproof.db-shm"):
        (data / name).unlink(missing_ok=True)
    (data / "funnelproof.db").write_text("this is no database, and never was " * 200)
    failed = failed_checks(data)
    assert set(failed) == {"database"}
    assert "backup" in failed["database"]["remedy"]


def test_no_database_server_at_the_address(data: Path) -> None:
    failed = failed_checks(data, FUNNELPROOF_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert set(failed) == {"database"}
    assert "FUNNELPROOF_DATABASE_URL" in failed["database"]["remedy"]


def test_another_schema(data: Path) -> None:
    change(data, "update alembic_version set version_num = '0000'")
    assert set(failed_checks(data)) == {"schema"}


def test_nobody_to_serve(data: Path) -> None:
    change(data, "delete from users")
    failed = failed_checks(data)
    assert set(failed) == {"users"}
    assert "funnelproof init" in failed["users"]["remedy"]


def test_no_installation_at_all(no_data: Path) -> None:
    assert set(failed_checks(no_data)) == {"folder", "database"}
    assert not no_data.exists()


def test_a_setting_that_is_not_known(data: Path) -> None:
    failed = failed_checks(data, FUNNELPROOF_DATTA="x")
    assert set(failed) == {"settings"}
