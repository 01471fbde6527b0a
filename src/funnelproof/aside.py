"""Work beside the server: processes of their own, few, of low priority, for what would hold up the edge.

A process does one thing at a time, so its death fails one request. It ends with the server, however that ends: it
listens at a pipe that nobody writes to and whose other end the server holds.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any, TypeVar, cast

from funnelproof.errors import Unavailable
from funnelproof.settings import Settings
from funnelproof.storage.database import Database, Engines

T = TypeVar("T")
Open = Callable[[Settings], Engines]
NICE = 10
IDLE_SECONDS = 60.0
WAITING = 8
SPAWN = multiprocessing.get_context("spawn")
"""Never fork: threads and connections of a serving process do not survive that."""

_here: dict[str, Any] = {}
"""What a process aside keeps between two pieces of work."""


class TooMuchAside(Unavailable):
    """Exports and other long work wait in line already. Nothing is wrong; ask again a little later."""

    retry_after_seconds = 10


class EndedAside(Unavailable):
    """The process that did this work has ended before its time. Nothing was changed; ask again."""


class Aside:
    """`run(fn, …)` calls a module's function `fn(database, …)` in one of `processes` processes; at most eight wait."""

    def __init__(self, settings: Settings, open_: Open) -> None:
        self._settings, self._open, self._waiting = settings, open_, 0
        self._turns = asyncio.Semaphore(settings.aside_processes)
        self._all: set[_Process] = set()
        self._idle: list[_Process] = []
        self._is_stopped = False
        self.is_stopping: Callable[[], bool] = lambda: self._is_stopped
        self._starting = ThreadPoolExecutor(1, "aside", initializer=_step_back)

    async def run(self, fn: Callable[..., T], *given: object) -> T:
        """What is given and answered travels between processes. Whoever is cancelled ends the process at once."""
        if self._waiting >= WAITING or self._is_stopped:
            raise TooMuchAside
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._run(fn, given)
        finally:
            self._turns.release()

    def stop(self) -> None:
        """End every process; what they were at fails with `EndedAside`."""
        self._is_stopped = True
        for process in list(self._all):
            self._end(process)
        self._starting.shutdown(wait=False)

    async def _run(self, fn: Callable[..., T], given: tuple[object, ...]) -> T:
        if self._is_stopped:
            raise EndedAside
        process = self._idle.pop() if self._idle else self._begun()
        process.is_wanted()
        try:
            answer = await process.call(fn, given)
        except (BrokenProcessPool, asyncio.CancelledError) as error:
            self._end(process)
            if isinstance(error, BrokenProcessPool):
                raise EndedAside from error
            raise
        except BaseException:
            self._rest(process)
            raise
        self._rest(process)
        return cast("T", answer)

    def _begun(self) -> "_Process":
        process = _Process(self._settings, self._open, self._starting)
        self._all.add(process)
        return process

    def _rest(self, process: "_Process") -> None:
        """It keeps its connection for a minute, then gives back its memory."""
        if not self._is_stopped:
            self._idle.append(process)
            process.ending = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end, process)

    def _end(self, process: "_Process") -> None:
        self._all.discard(process)
        if process in self._idle:
            self._idle.remove(process)
        process.end()


class _Process:
    """One process, from its first piece of work on."""

    def __init__(self, settings: Settings, open_: Open, starting: ThreadPoolExecutor) -> None:
        self._starting = starting
        listening, self._held = SPAWN.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(1, SPAWN, _begin, (settings, open_, listening))
        self._listening: Connection | None = listening
        self.ending: asyncio.TimerHandle | None = None

    async def call(self, fn: Callable[..., object], given: tuple[object, ...]) -> object:
        """Starting a process takes milliseconds, so a thread does it; on Linux the process inherits its priority."""
        submit = asyncio.get_running_loop().run_in_executor
        future = await submit(self._starting, self._pool.submit, _work, fn, given)
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        return await asyncio.wrap_future(future)

    def is_wanted(self) -> None:
        if self.ending is not None:
            self.ending.cancel()
            self.ending = None

    def end(self) -> None:
        self.is_wanted()
        self._held.close()
        if self._listening is not None:
            self._listening.close()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _step_back() -> None:
    """Linux gives each thread a priority of its own: what it starts imports all it needs without being in the way."""
    if sys.platform == "linux":
        _lower()


def _lower() -> None:
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))


def _begin(settings: Settings, open_: Open, listening: Connection) -> None:
    """What a process does first. Ctrl-C goes to it as well as to the server, which alone decides what then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _lower()
    threading.Thread(target=_end_with_server, args=(listening,), daemon=True).start()
    _here.update(settings=settings, open=open_)


def _end_with_server(listening: Connection) -> None:
    listening.poll(None)
    os._exit(0)


def _work(fn: Callable[..., object], given: tuple[object, ...]) -> object:
    if "database" not in _here:
        _here["database"] = Database(_here["open"](_here["settings"]))
    return fn(_here["database"], *given)
