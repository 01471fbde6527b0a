"""Is this file a backup, whole, and of a schema that this release knows? Every row is read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DatabaseError

from funnelproof import __version__
from funnelproof.backup import manifest
from funnelproof.backup.file import reading
from funnelproof.backup.manifest import Manifest
from funnelproof.backup.rows import Copied, Moved, look_at, tables_of
from funnelproof.storage.migrate import revisions

T = TypeVar("T")
SQLITE = b"SQLite format 3\0"


class NotABackup(Exception):  # noqa: N818 - shown to the operator as it is
    """This file is something else."""


class DamagedBackup(Exception):  # noqa: N818 - shown to the operator as it is
    """This file is not what was written."""


class NewerSchema(Exception):  # noqa: N818 - shown to the operator as it is
    """A later release made this."""


@dataclass(frozen=True, slots=True)
class Backup:
    connection: Connection
    manifest: Manifest
    tables: list[Table]

    @property
    def row_count(self) -> int:
        return sum(self.manifest.rows.values())


@contextmanager
def opened(file: Path) -> Iterator[Backup]:
    """A backup by its manifest; `check` reads its rows."""
    with file.open("rb") as content:
        if content.read(len(SQLITE)) != SQLITE:
            raise _not_a_backup(file)
    with reading(file) as connection:
        told = _or_damaged(file, lambda: manifest.read(connection))
        if told is None:
            raise _not_a_backup(file)
        _check_known(file, told)
        yield Backup(connection, told, _or_damaged(file, lambda: tables_of(connection)))


def check(file: Path, backup: Backup, moved: Moved) -> None:
    """The file holds together, and every table has the rows that its manifest names, as they were written."""
    told = backup.manifest
    if fault := _or_damaged(file, lambda: _structure(backup.connection)):
        raise _damaged(file, fault)
    promised = {name: Copied(rows, told.sha256.get(name, "")) for name, rows in told.rows.items()}
    found = _or_damaged(file, lambda: {one.name: look_at(backup.connection, one, moved) for one in backup.tables})
    wrong = sorted(name for name in promised.keys() | found.keys() if promised.get(name) != found.get(name))
    if wrong:
        raise _damaged(file, f"rows of {', '.join(wrong)} are not those that were written")


def _structure(connection: Connection) -> str | None:
    """SQLite's own look at every page. It sees a page that is torn or gone, not a letter that turned: digests do."""
    found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    return None if found == "ok" else found.partition("\n")[0]


def _check_known(file: Path, told: Manifest) -> None:
    if told.revision not in revisions():
        raise NewerSchema(
            f"{file} was made by release {told.release} with the schema {told.revision}, which release {__version__} "
            "does not know. Restore it with that release, or a later one."
        )


def _or_damaged(file: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except DatabaseError as error:
        raise _damaged(file, str(error.orig)) from error
    except (ValueError, TypeError) as error:
        raise _damaged(file, "its manifest cannot be read") from error


def _damaged(file: Path, what: str) -> DamagedBackup:
    return DamagedBackup(f"{file} is damaged: {what}. Nothing was restored. Take another backup.")


def _not_a_backup(file: Path) -> NotABackup:
    return NotABackup(f"{file} was not made by `funnelproof backup`. Nothing was restored.")
