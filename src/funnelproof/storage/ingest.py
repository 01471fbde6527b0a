"""The ingest lane: what waits is collected, its verb runs once for the lot, one commit makes all of it durable.

A lone claim does not wait for company; a crowd shares, because claims pile up while a commit is under way, and because
a group waits a little for half of the crowd that the last one was.
"""

import asyncio
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol

from funnelproof.errors import Problem, Unavailable
from funnelproof.storage.database import Database, Transaction

log = logging.getLogger(__name__)
Verb = Callable[[Transaction, Sequence[Any]], Sequence[Any]]
SECONDS_TO_DRAIN = 9
LONGEST_WINDOW_SECONDS = 0.002
LONGEST_WAIT_FOR_CROWD_SECONDS = 0.01
SECONDS_OF_A_CROWD = 0.05
NAP_SECONDS = 0.0005
OWED_SHARE = 16
SHARE_IN_COMPANY = 64
SECONDS_IN_COMPANY = 1.0


class Ingest(Protocol):
    """What a door asks of the lane."""

    @property
    def waiting(self) -> int: ...

    def submit(self, verb: Verb, claim: Any, *, handle: str) -> Awaitable[Any]: ...

    def close(self) -> None: ...


class LaneFull(Unavailable):
    """More is waiting to be stored than this process takes on. Nothing was written; try again in a second."""


class _Waiting(NamedTuple):
    verb: Verb
    claim: Any
    answered: "asyncio.Future[Any]"


class Lane:
    """One group at a time, from bounded queues, one for each handle. What is submitted is answered once it is durable.

    A group takes from the handles in turn, so that a crowd at one does not make another wait; and little of each for
    as long as there are several, because who comes next waits for the group before. Where a transaction should stay
    with one handle (`Engines.handles_apart`), the handles take turns by the group.
    All that is submitted comes from one event loop; only `close` may be called from another thread.
    """

    def __init__(self, database: Database, *, waiting_limit: int, group_limit: int) -> None:
        self._database = database
        self._waiting_limit, self._group_limit = waiting_limit, group_limit
        self._queues: OrderedDict[str, deque[_Waiting]] = OrderedDict()
        self._waiting = 0
        self._in_company_until = 0.0
        self._crowd, self._crowd_seen = 0, 0.0
        self._work: asyncio.Task[None] | None = None
        self._closing = False
        self._idle = threading.Event()
        self._idle.set()

    @property
    def waiting(self) -> int:
        return self._waiting

    def submit(self, verb: Verb, claim: Any, *, handle: str) -> Awaitable[Any]:
        """Refuses at once what it cannot take; what it returns is to be awaited."""
        if self._closing:
            raise Unavailable("The service is shutting down. Nothing was written; send the same request again.")
        queue = self._queues.get(handle)
        if self._waiting >= self._waiting_limit and not self._is_owed_a_place(queue):
            raise LaneFull
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        if queue is None:
            queue = self._queues[handle] = deque()
        queue.append(_Waiting(verb, claim, answered))
        self._waiting += 1
        if self._work is None:
            self._idle.clear()
            self._work = loop.create_task(self._drain())
        return answered

    def close(self) -> None:
        """Answer all that was accepted, then end. Not to be called by the loop's own thread while claims wait."""
        self._closing = True
        self._idle.wait(SECONDS_TO_DRAIN)

    def _is_owed_a_place(self, queue: deque[_Waiting] | None) -> bool:
        """In a full lane a handle of which little waits is taken all the same: others have filled it."""
        return len(self._queues) > (queue is not None) and (
            queue is None or len(queue) < self._waiting_limit // OWED_SHARE
        )

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._gather_company()
                await self._run(self._take())
        finally:
            self._work = None
            self._idle.set()

    async def _gather_company(self) -> None:
        """As long as each turn of the loop brings more, let them come, at most for two milliseconds.

        Whoever asks again once answered comes back in a trickle after a commit: so half of the crowd seen last is
        waited for, at most ten milliseconds. A crowd that is gone is waited for once at the most.
        """
        seen, begun = 0, time.monotonic()
        wanted = self._crowd // 2 if begun < self._crowd_seen + SECONDS_OF_A_CROWD else 0
        while seen < self._waiting < self._group_limit and time.monotonic() < begun + LONGEST_WINDOW_SECONDS:
            seen = self._waiting
            await asyncio.sleep(0)
        while (
            self._waiting < min(wanted, self._group_limit) and time.monotonic() < begun + LONGEST_WAIT_FOR_CROWD_SECONDS
        ):
            await asyncio.sleep(NAP_SECONDS)

    def _take(self) -> list[_Waiting]:
        """The next group: an equal share of each handle that waits, the others' turn coming first next time."""
        group: list[_Waiting] = []
        most, apart = self._most_of_one(), self._database.engines.handles_apart
        for left in range(1 if apart else len(self._queues), 0, -1):
            share = min(most, max(1, (self._group_limit - len(group)) // left))
            handle, queue = self._queues.popitem(last=False)
            group += [queue.popleft() for _ in range(min(len(queue), share))]
            if queue:
                self._queues[handle] = queue
            if len(group) >= self._group_limit:
                break
        self._waiting -= len(group)
        return group

    def _most_of_one(self) -> int:
        """How much of one handle a group takes: less for as long as another has been there within a second."""
        now = time.monotonic()
        if len(self._queues) > 1:
            self._in_company_until = now + SECONDS_IN_COMPANY
        return min(self._group_limit, SHARE_IN_COMPANY) if now < self._in_company_until else self._group_limit

    async def _run(self, group: list[_Waiting]) -> None:
        """One transaction for the group. A claim that breaks its verb is found by halving and fails alone."""
        try:
            answers = await self._database.write_together(lambda tx: _run_verbs(tx, group))
            self._crowd, self._crowd_seen = len(group) + self._waiting, time.monotonic()
        except Unavailable as problem:
            _settle(group, [problem] * len(group))
        except Exception as error:
            await self._narrow_down(group, error)
        else:
            _settle(group, answers)

    async def _narrow_down(self, group: list[_Waiting], error: Exception) -> None:
        if len(group) > 1:
            await self._run(group[: len(group) // 2])
            await self._run(group[len(group) // 2 :])
            return
        if not isinstance(error, Problem):
            log.error("a claim broke its verb", exc_info=error)
        _settle(group, [error])


def _run_verbs(tx: Transaction, group: list[_Waiting]) -> list[Any]:
    """Answers in the order of the group. Verbs run in the order of their names, so that no two groups deadlock."""
    answers: list[Any] = [None] * len(group)
    for verb in sorted({waiting.verb for waiting in group}, key=_name_of):
        own = [at for at, waiting in enumerate(group) if waiting.verb == verb]
        for at, answer in zip(own, verb(tx, [group[at].claim for at in own]), strict=True):
            answers[at] = answer
    return answers


def _name_of(verb: Verb) -> str:
    return f"{verb.__module__}.{verb.__qualname__}"


def _settle(group: list[_Waiting], answers: Sequence[Any]) -> None:
    for waiting, answer in zip(group, answers, strict=True):
        answered = waiting.answered
        if answered.done():
            continue
        if isinstance(answer, BaseException):
            answered.set_exception(answer)
        else:
            answered.set_result(answer)
