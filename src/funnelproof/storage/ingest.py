"""The ingest lane: what waits is collected, its verb runs once for the lot, one commit makes all of it durable.

A lone claim does not wait for company; a crowd shares, because claims pile up while a commit is under way.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from funnelproof.errors import Problem, Unavailable
from funnelproof.storage.database import Database, Transaction

log = logging.getLogger(__name__)
Verb = Callable[[Transaction, Sequence[Any]], Sequence[Any]]


class Ingest(Protocol):
    """What a door asks of the lane."""

    @property
    def waiting(self) -> int: ...

    async def submit(self, verb: Verb, claim: Any) -> Any: ...

    def close(self) -> None: ...


class LaneFull(Unavailable):
    """More is waiting to be stored than this process takes on. Nothing was written; try again in a second."""


@dataclass(slots=True, eq=False)
class _Waiting:
    verb: Verb
    claim: Any
    future: "asyncio.Future[Any]"


class Lane:
    """One writer thread with a bounded queue. `submit` returns when the claim's effect is durable."""

    def __init__(self, database: Database, *, waiting_limit: int, group_limit: int) -> None:
        self._database = database
        self._waiting_limit, self._group_limit = waiting_limit, group_limit
        self._queue: deque[_Waiting] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="lane", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def submit(self, verb: Verb, claim: Any) -> Any:
        waiting = _Waiting(verb, claim, asyncio.get_running_loop().create_future())
        with self._wake:
            if self._closing:
                raise Unavailable("The service is shutting down. Nothing was written; send the same request again.")
            if len(self._queue) >= self._waiting_limit:
                raise LaneFull
            self._queue.append(waiting)
            self._wake.notify()
        return await waiting.future

    def close(self) -> None:
        """Answer all that was accepted, then end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while group := self._take():
            self._run(group)

    def _take(self) -> list[_Waiting]:
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            return [self._queue.popleft() for _ in range(min(len(self._queue), self._group_limit))]

    def _run(self, group: list[_Waiting]) -> None:
        """One transaction for the group. A claim that breaks its verb is found by halving and fails alone."""
        try:
            answers = self._database.write_now(lambda tx: _run_verbs(tx, group))
        except Unavailable as problem:
            _deliver(group, [problem] * len(group))
        except Exception as error:
            self._narrow_down(group, error)
        else:
            _deliver(group, answers)

    def _narrow_down(self, group: list[_Waiting], error: Exception) -> None:
        if len(group) > 1:
            self._run(group[: len(group) // 2])
            self._run(group[len(group) // 2 :])
            return
        if not isinstance(error, Problem):
            log.error("a claim broke its verb", exc_info=error)
        _deliver(group, [error])


def _run_verbs(tx: Transaction, group: list[_Waiting]) -> list[Any]:
    verbs = dict.fromkeys(waiting.verb for waiting in group)
    answers: dict[_Waiting, Any] = {}
    for verb in sorted(verbs, key=lambda verb: f"{verb.__module__}.{verb.__qualname__}"):
        own = [waiting for waiting in group if waiting.verb == verb]
        answers.update(zip(own, verb(tx, [waiting.claim for waiting in own]), strict=True))
    return [answers[waiting] for waiting in group]


def _deliver(group: list[_Waiting], answers: Sequence[Any]) -> None:
    """Hand all answers to the event loop in one call: waking it costs more than an answer."""
    pairs = list(zip(group, answers, strict=True))
    for loop in {waiting.future.get_loop() for waiting in group}:
        own = [pair for pair in pairs if pair[0].future.get_loop() is loop]
        try:
            loop.call_soon_threadsafe(_settle, own)
        except RuntimeError:  # the loop was closed meanwhile: nobody waits there any more
            log.warning("%s answers came too late: their event loop is closed", len(own))


def _settle(pairs: list[tuple[_Waiting, Any]]) -> None:
    for waiting, answer in pairs:
        if waiting.future.done():
            continue
        if isinstance(answer, BaseException):
            waiting.future.set_exception(answer)
        else:
            waiting.future.set_result(answer)
