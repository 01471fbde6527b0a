"""A load generator: one process, keep-alive connections, one request at a time on each, every answer timed.

Its own CPU time is part of the outcome: where it is busy all the time, it was the limit and not the server.
"""

import contextlib
import heapq
import math
import os
import select
import socket
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from bench.answer import length_of, status_of

Address = tuple[str, int]
Seen = Callable[[bytes, int, bytes], None]

READ_BYTES = 16_384
CONNECT_SECONDS = 5.0
DRAIN_SECONDS = 15.0
AGAIN_SECONDS = 0.05
BUSY = 0.95
LONGEST_POLL_SECONDS = 0.1
MOST_EVENTS = 1024


@dataclass
class Crowd:
    """So many connections that take the next of `requests` as soon as one was answered.

    `seen(request, status, response)` is told every answer; it costs the generator its time. `pause` is how long a
    connection rests, in seconds, before it asks again: a crowd that does not take all it can get.
    """

    requests: Iterator[bytes]
    connections: int = 64
    seen: Seen | None = None
    name: str = ""
    pause: float = 0.0


@dataclass
class Outcome:
    """What one crowd saw. Every answer counts in `statuses`, those of the last moment (after `seconds`) too."""

    name: str
    connections: int
    seconds: float = 0.0
    in_time: int = 0
    broken: int = 0
    unreachable: int = 0
    generator_share: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    nanoseconds: "array[int]" = field(default_factory=lambda: array("q"))

    @property
    def answered(self) -> int:
        return sum(self.statuses.values())

    @property
    def per_second(self) -> float:
        return self.in_time / self.seconds if self.seconds else 0.0

    @property
    def generator_was_the_limit(self) -> bool:
        return self.generator_share >= BUSY

    def microseconds(self, *shares: float) -> list[int]:
        """Latency below which that share of the answers came; 1.0 is the slowest."""
        ordered = sorted(self.nanoseconds)
        if not ordered:
            return [0 for _ in shares]
        return [ordered[min(len(ordered) - 1, int(share * len(ordered)))] // 1000 for share in shares]


class _Connection:
    """One slot of a crowd: its socket is made anew when the server closes it."""

    __slots__ = ("asked", "crowd", "fd", "missing", "outcome", "parts", "sent", "socket")

    def __init__(self, crowd: Crowd, outcome: Outcome) -> None:
        self.crowd, self.outcome = crowd, outcome
        self.socket: socket.socket | None = None
        self.fd = -1
        self.asked: bytes | None = None
        self.sent = 0
        self.parts: list[bytes] = []
        self.missing = 0


def load(
    address: Address,
    requests: Iterable[bytes],
    *,
    connections: int = 64,
    seconds: float | None = None,
    seen: Seen | None = None,
) -> Outcome:
    """One crowd: until the requests end or `seconds` are over."""
    return run(address, [Crowd(iter(requests), connections, seen)], seconds=seconds)[0]


def run(address: Address, crowds: list[Crowd], *, seconds: float | None = None) -> list[Outcome]:
    """All crowds at once, in this thread: until their requests end or `seconds` are over, and all are answered."""
    loop = _Loop(address, crowds)
    try:
        return loop.run(seconds)
    finally:
        loop.close()


class _Loop:
    def __init__(self, address: Address, crowds: list[Crowd]) -> None:
        self._address = address
        self._epoll = select.epoll()
        self._by_fd: dict[int, _Connection] = {}
        self._later: list[tuple[float, int, _Connection]] = []
        self._outcomes = [Outcome(crowd.name, crowd.connections) for crowd in crowds]
        self._crowds = crowds
        self._waiting = 0
        self._all = [
            _Connection(crowd, outcome)
            for crowd, outcome in zip(crowds, self._outcomes, strict=True)
            for _ in range(crowd.connections)
        ]

    def run(self, seconds: float | None) -> list[Outcome]:
        for one in self._all:
            self._connect(one)
        began, busy_before = time.perf_counter(), time.process_time()
        for one in self._all:
            if one.socket is not None:
                self._ask(one)
        self._turn_until(began + seconds if seconds is not None else None)
        took, busy = time.perf_counter() - began, time.process_time() - busy_before
        for outcome, crowd in zip(self._outcomes, self._crowds, strict=True):
            outcome.seconds, outcome.in_time, outcome.generator_share = took, outcome.answered, busy / took
            crowd.requests = iter(())
        self._later.clear()
        self._turn_until(time.perf_counter() + DRAIN_SECONDS)
        return self._outcomes

    def close(self) -> None:
        for one in self._all:
            self._drop(one)
            one.outcome.broken += one.asked is not None
        self._epoll.close()

    def _turn_until(self, deadline: float | None) -> None:
        """Until then, or until nothing is waited for."""
        while self._waiting or self._later:
            now = time.perf_counter()
            if deadline is not None and now >= deadline:
                return
            due = self._later[0][0] if self._later else math.inf
            until = min(now + LONGEST_POLL_SECONDS, deadline or math.inf, due)
            self._turn(self._epoll.poll(max(0.0, until - now), MOST_EVENTS))
            if self._later:
                self._take_up()

    def _turn(self, events: list[tuple[int, int]]) -> None:
        """The hot loop. Answers arrived at the latest when the poll returned: that moment ends their time."""
        now, clock, read, connections = time.perf_counter_ns(), time.perf_counter_ns, os.read, self._by_fd
        for fd, _ in events:
            one = connections[fd]
            try:
                data = read(fd, READ_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                self._lost(one)
                continue
            if one.parts or len(data) < length_of(data):
                if (whole := _gather(one, data)) is None:
                    continue
                data = whole
            status, outcome, crowd = status_of(data), one.outcome, one.crowd
            outcome.nanoseconds.append(now - one.sent)
            outcome.statuses[status] += 1
            if crowd.seen is not None and one.asked is not None:
                crowd.seen(one.asked, status, data)
            if crowd.pause:
                self._rest(one)
                continue
            request = one.asked = next(crowd.requests, None)
            if request is None:
                self._waiting -= 1
                continue
            one.sent = clock()
            self._send(one, request)

    def _send(self, one: _Connection, request: bytes) -> None:
        """What does not fit into the socket's buffer at once counts as broken: requests are small."""
        try:
            if os.write(one.fd, request) < len(request):
                raise BlockingIOError
        except OSError:
            self._lost(one)

    def _ask(self, one: _Connection) -> None:
        """The first request of a connection, or the first after a pause."""
        one.asked = next(one.crowd.requests, None)
        if one.asked is not None:
            self._waiting += 1
            one.sent = time.perf_counter_ns()
            self._send(one, one.asked)

    def _rest(self, one: _Connection) -> None:
        one.asked = None
        self._waiting -= 1
        self._put_off(one, one.crowd.pause)

    def _put_off(self, one: _Connection, seconds: float) -> None:
        heapq.heappush(self._later, (time.perf_counter() + seconds, id(one), one))

    def _connect(self, one: _Connection) -> bool:
        try:
            one.socket = socket.create_connection(self._address, CONNECT_SECONDS)
        except OSError:
            one.outcome.unreachable += 1
            self._put_off(one, AGAIN_SECONDS)
            return False
        one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.socket.settimeout(0)
        one.fd = one.socket.fileno()
        one.parts, one.missing = [], 0
        self._by_fd[one.fd] = one
        self._epoll.register(one.fd, select.EPOLLIN)
        return True

    def _drop(self, one: _Connection) -> None:
        if one.socket is not None:
            with contextlib.suppress(OSError):
                self._epoll.unregister(one.fd)
            self._by_fd.pop(one.fd, None)
            one.socket.close()
            one.socket = None

    def _lost(self, one: _Connection) -> None:
        """The server closed it: an unanswered request is broken, and the slot gets another connection.

        A slot that rests gets one when its pause is over, one without requests needs none.
        """
        self._drop(one)
        if one.asked is not None:
            one.outcome.broken += 1
            one.asked = None
            self._waiting -= 1
            self._put_off(one, 0.0)

    def _take_up(self) -> None:
        """Those whose pause is over, and those that had no connection."""
        now = time.perf_counter()
        while self._later and self._later[0][0] <= now:
            one = heapq.heappop(self._later)[2]
            if one.socket is not None or self._connect(one):
                self._ask(one)


def _gather(one: _Connection, data: bytes) -> bytes | None:
    """An answer that comes in several reads: None until the last of them is there."""
    one.parts.append(data)
    one.missing -= len(data)
    if one.missing > 0:
        return None
    whole = b"".join(one.parts)
    one.missing = max(0, length_of(whole) - len(whole))
    one.parts = [whole] if one.missing > 0 else []
    return None if one.missing > 0 else whole
