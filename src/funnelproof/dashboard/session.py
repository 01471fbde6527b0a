"""Who is signed in at a browser: cookies that hold what the API gave, renewed by it; and tokens of forms."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from starlette.responses import Response

from funnelproof.dashboard.inside import Inside

ACCESS, REFRESH, FORM = "fp_session", "fp_renew", "fp_form"
THIRTY_DAYS = 30 * 86_400
SHARED_SECONDS = 60.0
"""How long two tabs that renew together are given the same answer: the API ends a session whose token comes twice."""


@dataclass(frozen=True, slots=True)
class Session:
    access: str
    refresh: str


@dataclass(slots=True)
class Seat:
    """One browser's cookies as a request brought them, and what its answer must set."""

    session: Session | None
    form_secret: str
    is_new_form: bool = False
    changed: bool = False

    @property
    def form_token(self) -> str:
        return hashlib.sha256(f"form:{self.form_secret}".encode()).hexdigest()

    def is_own_form(self, token: str) -> bool:
        return not self.is_new_form and hmac.compare_digest(token.encode(), self.form_token.encode())

    def sit(self, session: Session | None) -> None:
        self.session, self.changed = session, True

    def write(self, response: Response, *, secure: bool) -> None:
        if self.is_new_form:
            _set(response, FORM, self.form_secret, secure=secure)
        if self.changed and self.session is None:
            for name in (ACCESS, REFRESH):
                response.delete_cookie(name, path="/app", httponly=True, samesite="lax", secure=secure)
        elif self.changed and self.session is not None:
            _set(response, ACCESS, self.session.access, secure=secure)
            _set(response, REFRESH, self.session.refresh, secure=secure)


def _set(response: Response, name: str, value: str, *, secure: bool) -> None:
    response.set_cookie(name, value, THIRTY_DAYS, path="/app", httponly=True, samesite="lax", secure=secure)


def seat_of(cookies: Mapping[str, str]) -> Seat:
    access, refresh = cookies.get(ACCESS, ""), cookies.get(REFRESH, "")
    secret = cookies.get(FORM, "")
    session = Session(access, refresh) if access and refresh else None
    return Seat(session, secret or secrets.token_urlsafe(32), is_new_form=not secret)


def session_of(answer: Mapping[str, Any]) -> Session:
    return Session(answer["accessToken"], answer["refreshToken"])


def is_due(session: Session, now_seconds: int) -> bool:
    """Whether its JWT is over by its own words; whether it is genuine, the API says."""
    try:
        claims = jwt.decode(session.access, options={"verify_signature": False})
        return int(claims["exp"]) <= now_seconds + 5
    except (jwt.PyJWTError, KeyError, TypeError, ValueError):
        return True


class Renewals:
    """Renews sessions through the API, once for all requests that come with the same refresh token."""

    def __init__(self) -> None:
        self._running: OrderedDict[str, tuple[float, asyncio.Future[Session | None]]] = OrderedDict()

    async def renew(self, inside: Inside, session: Session) -> Session | None:
        key = hashlib.sha256(session.refresh.encode()).hexdigest()
        self._forget()
        if key not in self._running:
            work = asyncio.ensure_future(_renew(inside, session))
            self._running[key] = (time.monotonic(), work)
        return await asyncio.shield(self._running[key][1])

    def _forget(self) -> None:
        old = time.monotonic() - SHARED_SECONDS
        while self._running and next(iter(self._running.values()))[0] < old:
            self._running.popitem(last=False)


async def _renew(inside: Inside, session: Session) -> Session | None:
    call = await inside.call("POST", "/v2/auth/refresh", {"refreshToken": session.refresh})
    return None if call.is_refused else session_of(call.answer)
