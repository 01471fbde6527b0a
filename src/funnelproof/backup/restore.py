"""Restore a backup into an empty place: whole, or nothing at all. An older schema is brought forward on arrival."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect

from funnelproof.backup.check import Backup
from funnelproof.backup.file import building, check_room, written
from funnelproof.backup.rows import Moved, copy
from funnelproof.storage.database import Engines
from funnelproof.storage.migrate import VERSION_TABLE, lock, newest, upgrade
from funnelproof.storage.schema import metadata
from funnelproof.storage.sqlite import FILE


class NotEmpty(Exception):  # noqa: N818 - shown to the operator as it is
    """There is an installation already, and nothing is ever restored over one."""


class ServerRunning(Exception):  # noqa: N818 - shown to the operator as it is
    """A server works on this folder."""


def restore(backup: Backup, target: Connection, moved: Moved) -> None:
    """The backup's own schema, then its rows, then what later releases made of both."""
    upgrade(target, backup.manifest.revision)
    for table in backup.tables:
        copy(backup.connection, target, table, moved)
    upgrade(target, newest())
    if target.dialect.name == "postgresql":
        target.exec_driver_sql("ANALYZE")


@contextmanager
def into_folder(folder: Path, size: int = 0) -> Iterator[Connection]:
    """A new SQLite database in a folder that has none, there once the block has ended. `size`: bytes it may need."""
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with written(folder / FILE) as part:
            check_folder(folder)
            check_room(folder, size)
            with building(part) as target:
                yield target
            check_folder(folder)
    except BaseException:
        with contextlib.suppress(OSError):
            if new:
                folder.rmdir()
        raise


@contextmanager
def into_database(engines: Engines) -> Iterator[Connection]:
    """An empty PostgreSQL database, in one transaction."""
    with engines.writing.begin() as target:
        lock(target)
        there = set(inspect(target).get_table_names()) & {VERSION_TABLE, *metadata.tables}
        if there:
            raise NotEmpty(
                f"This database is not empty: it has a table {min(there)}. Nothing is restored over an installation: "
                "make a new database (createdb NAME) and name it in FUNNELPROOF_DATABASE_URL."
            )
        yield target


def check_folder(folder: Path) -> None:
    """No database, nothing left of one, and nobody who works on one."""
    if (folder / FILE).exists():
        raise NotEmpty(
            f"There is an installation in {folder}. Nothing is restored over one: choose another folder, or move "
            f"{folder / FILE} and what begins like it out of the way."
        )
    for name in (f"{FILE}-wal", f"{FILE}-journal"):
        if (folder / name).exists():
            raise NotEmpty(
                f"{folder / name} is left of another database and would be taken for a part of this one. "
                "Move it out of the way, or choose another folder."
            )
    if any(_is_held(path) for path in folder.glob("slot-*.lock")):
        raise ServerRunning(f"A server runs on {folder}. Stop it, or choose another folder.")


def _is_held(path: Path) -> bool:
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        return True
    finally:
        os.close(file)
