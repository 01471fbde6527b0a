"""Files that are there whole or not at all: written under another name, synced, then given their own."""

import contextlib
import errno
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.exc import OperationalError

RESERVE_BYTES = 64 * 1024 * 1024
"""A server may write to the same disk: it is never filled up."""
PRAGMAS = ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=ON", "cache_size=-16000")
"""No journal: until it has its name, the file is either finished or thrown away."""


class BeingWritten(Exception):  # noqa: N818 - shown to the operator as it is
    """Another command writes this file at this moment."""


class NoSpace(Exception):  # noqa: N818 - shown to the operator as it is
    """The disk is too small for what is to be written."""


@contextmanager
def written(place: Path) -> Iterator[Path]:
    """A path beside `place` to write to. If the block ends well its file becomes `place`; if not, nothing stays.

    What a killed process left behind is overwritten by the next one. Mode 0600.
    """
    part = place.with_name(f"{place.name}.part")
    held = _claim(part)
    try:
        yield part
        os.fsync(held)
        os.replace(part, place)
        sync_folder(place.parent)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if _is_full(error):
            raise _no_space(place.parent) from error
        raise
    finally:
        os.close(held)


def check_room(folder: Path, needed: int = 0) -> None:
    if shutil.disk_usage(folder).free < RESERVE_BYTES + needed:
        raise _no_space(folder, needed)


@contextmanager
def building(path: Path) -> Iterator[Connection]:
    """One transaction on a SQLite file that nobody else knows of yet."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    with engine.begin() as connection:
        yield connection


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """A finished file, which is never written to: not even its locks."""
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def sync_folder(folder: Path) -> None:
    """A new name is on disk once its folder is."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _claim(part: Path) -> int:
    """The file, empty and locked. A lock on a file that lost its name meanwhile came too late."""
    held = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(held), os.stat(part)):
            os.fchmod(held, 0o600)
            os.ftruncate(held, 0)
            return held
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(held)
        raise
    os.close(held)
    raise BeingWritten(f"Another command writes {part} at this moment. Wait for it, or choose another name.")


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OperationalError):
        return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _no_space(folder: Path, needed: int = 0) -> NoSpace:
    free = 0
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(folder).free
    more = f" of {_mib(needed)} that it may need" if needed else ""
    return NoSpace(
        f"There is not enough room in {folder}: {_mib(free)} free{more}, and {_mib(RESERVE_BYTES)} are kept free for "
        "what else writes there. Nothing was left behind. Free some, or choose another disk."
    )


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
