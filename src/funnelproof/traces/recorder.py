"""Remembers what was asked of the control plane by those who have a part in a handle; written down each second.

Not before the answer: a read would become a write. What a process had not written yet when it was killed is lost; what
the requests themselves did is not.
"""

import time
from collections import deque
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funnelproof.access.audience import TABLE
from funnelproof.access.caller import NOBODY, Caller
from funnelproof.clock import Clock
from funnelproof.errors import Problem
from funnelproof.ids import new_id
from funnelproof.storage.database import Database
from funnelproof.traces import store
from funnelproof.traces.trace import Trace
from funnelproof.web.edge import EdgeRequest
from funnelproof.web.problems import status_of

MOST_WAITING = 2_000
LONGEST = 400
"""Characters kept of a path."""


class Recorder:
    """`dropped` counts requests that came faster than they could be written down."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._waiting: deque[Trace] = deque()
        self.dropped = 0

    def around(self, app: ASGIApp) -> ASGIApp:
        """A gate inside of that which names requests and answers for what is raised."""

        async def gate(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._watch(app, scope, receive, send)
            else:
                await app(scope, receive, send)

        return gate

    async def flush(self) -> int:
        """Write down what waits; how much it was. What cannot be written waits on."""
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), store.SLICE))]
        if not taken:
            return 0
        try:
            await self._database.write(lambda tx: store.add(tx, taken))
        except Exception:
            self._waiting.extendleft(reversed(taken))
            raise
        return len(taken)

    def refusal(self, problem: Problem, request: EdgeRequest) -> None:
        """Of the hot path only what is refused is remembered, and only where it is certain whom it concerns."""
        if request.handle is not None:
            path, code = request.path, problem.code
            self._keep(
                request.handle, request.request_id, "nobody", request.method, path, path, status_of(problem), code, 0
            )

    async def _watch(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, error = time.perf_counter(), 500, None

        def watched(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        try:
            await app(scope, receive, watched)
        except Problem as problem:
            status, error = status_of(problem), problem.code
            raise
        finally:
            self._note(scope, status, error, int((time.perf_counter() - began) * 1000))

    def _note(self, scope: Scope, status: int, error: str | None, milliseconds: int) -> None:
        caller: Caller = scope["state"].get("caller", NOBODY)
        match, method, path = TABLE.find(scope["path"]), scope["method"], scope["path"]
        if caller.handle is None or caller.role is None or match is None or method not in match.rules:
            return
        request_id, route = scope["state"]["request_id"], match.rules[method].path
        error = error or scope["state"].get("error")
        self._keep(caller.handle, request_id, caller.actor, method, route, path, status, error, milliseconds)

    def _keep(
        self,
        handle: str,
        request_id: str,
        caller: str,
        method: str,
        route: str,
        path: str,
        status: int,
        error: str | None,
        milliseconds: int,
    ) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        made = (caller, method, route, path[:LONGEST], status, error, milliseconds, self._clock.now())
        self._waiting.append(Trace(handle, request_id, new_id("req"), *made))
