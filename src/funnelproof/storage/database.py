"""The one door to storage: `read(fn)` and `write(fn)` run a plain function in one transaction, on a thread.

An error that lies with storage itself (gone, full, locked) becomes `Unavailable`; nothing of the transaction remains.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Engine, Executable
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from funnelproof.errors import Unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")
Row = Mapping[str, Any]
TRIES_AFTER_CONFLICT = 3


class Beside(Protocol):
    def __call__(self, tx: "Transaction") -> None: ...

    def committed(self) -> None: ...


BESIDE: ContextVar[Beside | None] = ContextVar("beside", default=None)
"""What the next `write` of this task does first, in the same transaction: once, and nothing if the write fails."""
AWAY = "Storage is not available right now. Send the same request again: under one key nothing is stored twice."
"""It does not say that nothing was written: a commit whose answer was lost may have taken place."""
SERIALIZATION_FAILURES = {"40001", "40P01"}
NOT_NOW = {"25006", "25P03", "25P04"}
"""Only reading is allowed (a standby, after a failover), or the server gave up waiting for a transaction."""


class RunAgain(Exception):  # noqa: N818 - not an error: another transaction was first
    """Raised by a verb that met another transaction's row: roll back and run the whole of it again."""


class Transaction:
    """One transaction on one connection, and the handles whose configuration it changed.

    `slot` and `memory`: see `Database`.
    """

    def __init__(self, connection: Connection, slot: int = 0, memory: dict[str, Any] | None = None) -> None:
        self.connection = connection
        self.slot = slot
        self.memory = {} if memory is None else memory
        self.dialect = connection.dialect.name
        self.changed_handles: set[str] = set()
        self._cursor: Any = None

    @property
    def cursor(self) -> Any:
        """The driver's own cursor, for what `storage.bulk` sends."""
        if self._cursor is None:
            self._cursor = cast("Any", self.connection.connection.driver_connection).cursor()
        return self._cursor

    def execute(self, statement: Executable, rows: Row | Sequence[Row] | None = None) -> CursorResult[Any]:
        return self.connection.execute(statement, rows)

    def one(self, statement: Executable, row: Row | None = None) -> Row | None:
        """The only row of an answer, or None."""
        return cast("Row | None", self.execute(statement, row).mappings().one_or_none())

    def all(self, statement: Executable, row: Row | None = None) -> Sequence[Row]:
        return cast("Sequence[Row]", self.execute(statement, row).mappings().all())


class Desk(Protocol):
    """Where a database within this process writes for the event loop: each step on the thread that suits it.

    A statement of such a database waits for nobody, so it may run on the loop's own thread; handing it to another
    would cost more than it takes (each statement would queue for the interpreter). A commit waits for the disk.
    """

    def begin(self, *, wait: bool) -> Connection | None:
        """Begin a transaction; None if that would have to wait and may not."""

    def commit(self) -> None: ...

    def roll_back(self) -> None: ...

    def close(self) -> None: ...


class Engines(Protocol):
    """What a database brand has to offer. `desk` is None where every statement waits for a server."""

    reading: Engine
    writing: Engine
    writer_threads: int
    handles_apart: bool
    desk: "Desk | None"

    def writing_alone(self) -> AbstractContextManager[None]: ...

    def check_durable(self) -> list[str]: ...

    def close(self) -> None: ...


class Database:
    """`slot` (0–15) is this process's own among those that write the same counters: each moves rows of its own.

    `memory` is what stores keep between transactions, each under a name of its own, and know to be true still.
    """

    slot = 0

    def __init__(self, engines: Engines) -> None:
        self.engines = engines
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="read")
        self._writers = ThreadPoolExecutor(engines.writer_threads, thread_name_prefix="write")
        self._at_desk = ThreadPoolExecutor(1, thread_name_prefix="desk")
        driver: Any = engines.writing.dialect.loaded_dbapi
        self._errors = (DBAPIError, PoolTimeout, RunAgain, driver.Error)
        self._trouble = (PoolTimeout, OperationalError, driver.OperationalError, driver.InterfaceError)
        self._listeners: list[Callable[[str], None]] = []
        self.memory: dict[str, Any] = {}

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, fn)

    async def write(self, fn: Callable[[Transaction], T]) -> T:
        beside = BESIDE.get()
        if beside is not None:
            BESIDE.set(None)
            return await self._write_after(beside, fn)
        return await asyncio.get_running_loop().run_in_executor(self._writers, self.write_now, fn)

    async def _write_after(self, first: Beside, fn: Callable[[Transaction], T]) -> T:
        def both(tx: Transaction) -> T:
            first(tx)
            return fn(tx)

        answer = await asyncio.get_running_loop().run_in_executor(self._writers, self.write_now, both)
        first.committed()
        return answer

    async def write_together(self, fn: Callable[[Transaction], T]) -> T:
        """Like `write`, for whoever comes often: where storage has a desk, `fn` runs on the loop's own thread."""
        desk = self.engines.desk
        if desk is None:
            return await self.write(fn)
        for last_try in (False,) * TRIES_AFTER_CONFLICT + (True,):
            try:
                return await self._write_at(desk, fn)
            except self._errors as error:
                if last_try or not _is_conflict(error):
                    raise self._as_problem(error) from error
        raise AssertionError("unreachable")

    async def _write_at(self, desk: Desk, fn: Callable[[Transaction], T]) -> T:
        connection = desk.begin(wait=False) or await self._begin_later(desk)
        tx = Transaction(connection, self.slot, self.memory)
        try:
            answer = fn(tx)
        except BaseException:
            desk.roll_back()
            raise
        await asyncio.get_running_loop().run_in_executor(self._at_desk, desk.commit)
        self._tell(tx.changed_handles)
        return answer

    async def _begin_later(self, desk: Desk) -> Connection:
        """Another process or thread writes: wait for it, elsewhere. Whoever is cancelled meanwhile leaves no lock."""
        begun = self._at_desk.submit(desk.begin, wait=True)
        try:
            connection = await asyncio.wrap_future(begun)
        except asyncio.CancelledError:
            begun.add_done_callback(lambda future: None if _failed(future) else desk.roll_back())
            raise
        assert connection is not None  # noqa: S101 - whoever waits gets one
        return connection

    def read_now(self, fn: Callable[[Transaction], T]) -> T:
        try:
            with self.engines.reading.connect() as connection, connection.begin():
                return fn(Transaction(connection, self.slot, self.memory))
        except self._errors as error:
            raise self._as_problem(error) from error

    def write_now(self, fn: Callable[[Transaction], T]) -> T:
        """Run `fn` and commit. After a conflict with another transaction all of it runs again, at most three times."""
        for last_try in (False,) * TRIES_AFTER_CONFLICT + (True,):
            try:
                return self._write_once(fn)
            except self._errors as error:
                if last_try or not _is_conflict(error):
                    raise self._as_problem(error) from error
        raise AssertionError("unreachable")

    def _write_once(self, fn: Callable[[Transaction], T]) -> T:
        with self.engines.writing_alone(), self.engines.writing.connect() as connection, connection.begin():
            tx = Transaction(connection, self.slot, self.memory)
            answer = fn(tx)
        self._tell(tx.changed_handles)
        return answer

    def on_change(self, listener: Callable[[str], None]) -> None:
        """`listener(handle)` is called in this process after each commit that changed a handle's configuration."""
        self._listeners.append(listener)

    def _tell(self, handles: Iterable[str]) -> None:
        for handle in handles:
            for listener in self._listeners:
                listener(handle)

    def _as_problem(self, error: Exception) -> Exception:
        """Storage's own trouble is `Unavailable`; what a statement did wrong stays what it is."""
        away = (
            isinstance(error, self._trouble)
            or getattr(error, "connection_invalidated", False)
            or getattr(_of_driver(error), "sqlstate", None) in NOT_NOW
        )
        if not away and not _is_conflict(error):
            return error
        log.warning("storage is not available: %s", _of_driver(error))
        return Unavailable(AWAY)

    def close(self) -> None:
        self._readers.shutdown()
        self._writers.shutdown()
        self._at_desk.shutdown()
        self.engines.close()


def _failed(begun: "Future[Connection | None]") -> bool:
    """Whether nothing was begun: then there is nothing to roll back, and the turn may be another's by now."""
    return begun.cancelled() or begun.exception() is not None


def _is_conflict(error: Exception) -> bool:
    return isinstance(error, RunAgain) or getattr(_of_driver(error), "sqlstate", None) in SERIALIZATION_FAILURES


def _of_driver(error: Exception) -> Exception:
    """SQLAlchemy wraps what the driver raises; `storage.bulk` speaks to the driver itself."""
    return getattr(error, "orig", None) or error
