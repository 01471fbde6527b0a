"""SQLite: one file, WAL, a sync per commit; one writer at a time over all processes, by a file lock that is fair."""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.pool import QueuePool

from funnelproof.storage.database import Desk

FILE = "funnelproof.db"
PATIENCE = "busy_timeout=5000"
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    PATIENCE,
    "cache_size=-16000",
    "temp_store=MEMORY",
)


class SqliteEngines:
    """Readers never wait; writers take `write.lock` in turn (SQLite's own lock starves one of two writers)."""

    writer_threads = 1
    handles_apart = False

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.reading = _engine(folder, size=4, begin="BEGIN", extra=("query_only=ON",))
        self.writing = _engine(folder, size=2, begin="BEGIN IMMEDIATE")
        self.turn = Turn(folder / "write.lock")
        self.desk: Desk | None = SqliteDesk(_engine(folder, size=1, begin=None, extra=("busy_timeout=0",)), self.turn)

    @contextmanager
    def writing_alone(self) -> Iterator[None]:
        self.turn.take(wait=True)
        try:
            yield
        finally:
            self.turn.end()

    def check_durable(self) -> list[str]:
        """What about this database could lose an acknowledged write; empty is good."""
        with self.writing.connect() as connection:
            level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
            journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        faults = [] if level >= 2 else [f"SQLite runs with synchronous={level}; it must be FULL (2)."]
        return faults if journal == "wal" else [*faults, f"SQLite runs with journal_mode={journal}; it must be wal."]

    def close(self) -> None:
        self.reading.dispose()
        self.writing.dispose()
        if self.desk is not None:
            self.desk.close()
        self.turn.close()


class Turn:
    """Whose turn it is to write: one thread of this process, by a lock, and one process, by a lock on a file."""

    def __init__(self, path: Path) -> None:
        self._lock, self._file = threading.Lock(), path.open("a")

    def take(self, *, wait: bool) -> bool:
        if not self._lock.acquire(blocking=wait):
            return False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.release()
            return False
        except BaseException:
            self._lock.release()
            raise
        return True

    def end(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._lock.release()

    def close(self) -> None:
        self._file.close()


class SqliteDesk:
    """One connection, kept. Its transactions are begun and ended by hand, each step on whichever thread calls."""

    def __init__(self, engine: Engine, turn: Turn) -> None:
        self._engine, self._turn = engine, turn
        self._connection: Connection | None = None

    def begin(self, *, wait: bool) -> Connection | None:
        if not self._turn.take(wait=wait):
            return None
        try:
            return self._begun(wait=wait)
        except sqlite3.OperationalError:
            self._turn.end()
            if wait:
                raise
            return None
        except BaseException:
            self._turn.end()
            raise

    def commit(self) -> None:
        try:
            self._driver.execute("COMMIT")
        except BaseException:
            self.roll_back()
            raise
        self._end()

    def roll_back(self) -> None:
        try:
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
        finally:
            self._end()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    def _begun(self, *, wait: bool) -> Connection:
        """A program of somebody else's may hold SQLite's own lock: that is waited for, but not on the loop's thread."""
        if self._connection is None:
            self._connection = self._engine.connect()
        if wait:
            self._driver.execute(f"PRAGMA {PATIENCE}")
        try:
            self._driver.execute("BEGIN IMMEDIATE")
        finally:
            if wait:
                self._driver.execute("PRAGMA busy_timeout=0")
        return self._connection

    def _end(self) -> None:
        """SQLAlchemy believes in a transaction of its own if a statement went through it; that one ends as well."""
        try:
            if self._connection is not None and self._connection.in_transaction():
                self._connection.rollback()
        finally:
            self._turn.end()

    @property
    def _driver(self) -> sqlite3.Connection:
        assert self._connection is not None  # noqa: S101 - whoever began has it
        return cast("sqlite3.Connection", self._connection.connection.driver_connection)


class _Compiler(SQLiteCompiler):
    """Knows `.with_hint(table, "INDEXED BY …", "sqlite")`.

    It has no statistics, and takes the order of a key for better than an index that leaves most rows aside.
    """

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:  # noqa: ARG002
        return text


def _engine(folder: Path, *, size: int, begin: str | None, extra: tuple[str, ...] = ()) -> Engine:
    engine = create_engine(
        f"sqlite:///{folder / FILE}",
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=4,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 512},
    )

    engine.dialect.statement_compiler = _Compiler

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in PRAGMAS + extra:
            connection.execute(f"PRAGMA {pragma}")

    if begin is not None:

        @event.listens_for(engine, "begin")
        def _begun(connection: Any) -> None:
            connection.exec_driver_sql(begin)

    return engine
