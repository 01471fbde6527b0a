"""Which of the sixteen slots this process counts under, and how it keeps others from the same one.

A slot spares workers the queue on one another's counter rows; right figures never hang on it, for counters are added
to. So what goes wrong here is logged, and the process goes on under the slot it has.
"""

import contextlib
import fcntl
import logging
import os
import secrets
import threading
import time
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from funnelproof.storage.database import Database

log = logging.getLogger(__name__)
SLOTS = 16
ADVISORY_CLASS = 702_611
"""Beside the slot's number, the key of its advisory lock."""
TAKE = f"""
SELECT slot
FROM (SELECT (%(first)s::int + step) %% {SLOTS} AS slot FROM generate_series(0, {SLOTS - 1}) AS step) AS slots
WHERE pg_try_advisory_lock({ADVISORY_CLASS}, slot)
LIMIT 1
"""  # noqa: S608 - numbers of our own
"""The first free slot from a given one on, locked; no row if all are taken."""
LOOK_EVERY_SECONDS = 2.0


def hold_slot(database: Database, folder: Path) -> None:
    """Take a free slot for the life of this process. On PostgreSQL nodes share one set, on SQLite those of a folder."""
    if database.engines.writing.dialect.name == "postgresql":
        SharedSlot(database).start()
    else:
        database.slot = take_file(folder)


def take_file(folder: Path) -> int:
    """The first slot whose lock file nobody holds; held until this process ends."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for slot in range(SLOTS):
        file = os.open(folder / f"slot-{slot}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return slot
        os.close(file)
    return any_slot()


def any_slot() -> int:
    """For the seventeenth process: it shares one. By chance, for in containers all have the same process id."""
    return secrets.randbelow(SLOTS)


class SharedSlot:
    """A slot held by an advisory lock of PostgreSQL, on a connection that is kept for nothing else.

    When that connection is lost the lock is, too: another is made, and the same slot is asked for first.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine: Engine = database.engines.writing
        self._connection: Connection | None = None
        self._held = False
        database.slot = any_slot()

    def start(self) -> None:
        """Take a slot now, and see to it from now on that one is held."""
        self.look()
        threading.Thread(target=self._keep_looking, name="slot", daemon=True).start()

    def look(self) -> None:
        """Take a slot, unless one is held already."""
        try:
            if self._connection is None:
                self._connection = _connection_apart(self._engine)
            if self._held:
                self._connection.exec_driver_sql("SELECT 1")
            else:
                self._take(self._connection)
        except SQLAlchemyError as error:
            self.let_go()
            log.warning(
                "slot %s is not held any more, and asked for again: %s",
                self._database.slot,
                getattr(error, "orig", error),
            )

    def let_go(self) -> None:
        self._held = False
        if self._connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                self._connection.close()
            self._connection = None

    def _keep_looking(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            self.look()

    def _take(self, connection: Connection) -> None:
        slot = connection.exec_driver_sql(TAKE, {"first": self._database.slot}).scalar_one_or_none()
        if slot is not None:
            self._database.slot, self._held = slot, True


def _connection_apart(engine: Engine) -> Connection:
    """A connection that never goes back to the pool, and leaves no transaction open."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()
    return connection
