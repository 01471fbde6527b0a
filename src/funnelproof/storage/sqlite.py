"""SQLite: one file, WAL, a sync per commit; one writer at a time over all processes, by a file lock that is fair."""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import QueuePool

FILE = "funnelproof.db"
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "cache_size=-16000",
    "temp_store=MEMORY",
)


class SqliteEngines:
    """Readers never wait; writers take `write.lock` in turn (SQLite's own lock starves one of two writers)."""

    writer_threads = 1

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.reading = _engine(folder, size=4, begin="BEGIN", extra=("query_only=ON",))
        self.writing = _engine(folder, size=2, begin="BEGIN IMMEDIATE", extra=())
        self._lock_file = (folder / "write.lock").open("a")
        self._lock = threading.Lock()

    @contextmanager
    def writing_alone(self) -> Iterator[None]:
        with self._lock:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)

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
        self._lock_file.close()


def _engine(folder: Path, *, size: int, begin: str, extra: tuple[str, ...]) -> Engine:
    engine = create_engine(
        f"sqlite:///{folder / FILE}",
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=4,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 512},
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in PRAGMAS + extra:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
