"""The guard of the control plane: who calls, and whether they may, before anything of the body is read."""

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from funnelproof.access import store, tokens
from funnelproof.access.audience import TABLE, Match, Rule
from funnelproof.access.caller import NOBODY, Caller
from funnelproof.access.may import check_may, describe
from funnelproof.access.store import AccessToken
from funnelproof.access.who import read_credential, recognise
from funnelproof.errors import NotFound
from funnelproof.installation import Installation
from funnelproof.web.control import Control
from funnelproof.web.gates import BODY_LIMIT, identified, json_checked, sized
from funnelproof.web.problems import NoSuchMethod

log = logging.getLogger(__name__)


Around = Callable[[ASGIApp], ASGIApp]


def as_it_is(app: ASGIApp) -> ASGIApp:
    return app


def guarded(home: Installation, control: Control, around: Around = as_it_is, *, inside: Around = as_it_is) -> ASGIApp:
    """The control plane with all its gates, in the order of the specification.

    `around` sees all that has an id, `inside` what is let in, with its body checked.
    """
    control.describers.append(describe)
    return identified(around(sized(Guard(home, json_checked(inside(control))), body_limit)))


def body_limit(scope: Scope) -> int:
    match = TABLE.find(scope["path"])
    rule = match.rules.get(scope["method"]) if match else None
    return rule.body_limit if rule else BODY_LIMIT


def caller_of(request: Request) -> Caller:
    caller: Caller = request.scope["state"]["caller"]
    return caller


def request_id_of(request: Request) -> str:
    request_id: str = request.scope["state"]["request_id"]
    return request_id


CallerOf = Annotated[Caller, Depends(caller_of)]
"""A route's parameter: `caller: CallerOf`."""

RequestId = Annotated[str, Depends(request_id_of)]


class Guard:
    """Lets a request through with its `Caller` in `state`, or refuses it. What has no row does not exist."""

    def __init__(self, home: Installation, app: ASGIApp) -> None:
        self._home, self._app = home, app
        self._touching: set[asyncio.Task[None]] = set()
        self._touched: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            match = TABLE.find(scope["path"])
            scope["state"]["caller"] = await self._admit(scope, match)
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, match: Match | None) -> Caller:
        handle = match.parameters.get("handle") if match else None
        caller = await self._recognise(read_credential(scope), handle)
        check_may(_rule(match, scope["method"]), caller, signup=self._home.settings.signup)
        return caller

    async def _recognise(self, credential: str | None, handle: str | None) -> Caller:
        if credential is None:
            return NOBODY
        found = await recognise(self._home, credential, handle)
        if found.token is not None:
            self._note_use(found.token)
        return found.caller

    def _note_use(self, token: AccessToken) -> None:
        """At most once a minute, and the request does not wait for it."""
        now = self._home.clock.now()
        if tokens.is_due(token, now) and self._touched.get(token.token_id, 0) + tokens.TOUCH_EVERY <= now:
            self._touched[token.token_id] = now
            task = asyncio.create_task(self._touch(token.handle, token.token_id, now))
            self._touching.add(task)
            task.add_done_callback(self._touching.discard)

    async def _touch(self, handle: str, token_id: str, now: int) -> None:
        try:
            await self._home.database.write(lambda tx: store.touch_token(tx, handle, token_id, now))
        except Exception as error:
            log.warning("the use of token %s was not noted: %s", token_id, error)


def _rule(match: Match | None, method: str) -> Rule:
    if match is None:
        raise NotFound("There is nothing at this address. /openapi.json lists all routes.")
    if method not in match.rules:
        raise NoSuchMethod(
            f"This address takes {' and '.join(sorted(match.rules))}, not {method[:16]}.", allow=sorted(match.rules)
        )
    return match.rules[method]
