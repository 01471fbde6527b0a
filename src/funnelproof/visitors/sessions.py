"""Which visitor a request comes from: a cookie of the handle, looked up, and remembered for some seconds."""

import re
from collections import OrderedDict
from collections.abc import Mapping

from funnelproof.access.sessions import hashed
from funnelproof.clock import SECOND, Clock, Micros
from funnelproof.storage.database import Database
from funnelproof.visitors import store
from funnelproof.visitors.visitor import LINK_LIVES, SESSION_LIVES, TOKEN, Account
from funnelproof.web.headers import RawHeader

REMEMBERED = 10_000
REMEMBERED_FOR: Micros = 5 * SECOND
API = "/v2/visitor"


class Sessions:
    """A page asks at every view, so who was found is remembered: ending a session elsewhere is seen in 5 seconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._known: OrderedDict[tuple[str, str], tuple[Micros, Account]] = OrderedDict()

    async def is_logged_in(self, headers: Mapping[str, str], handle: str) -> bool:
        return await self.account(headers, handle) is not None

    async def account(self, headers: Mapping[str, str], handle: str) -> Account | None:
        secret = cookie_in(headers, session_cookie(handle))
        if secret is None:
            return None
        key, now = (handle, hashed(secret)), self._clock.now()
        known = self._known.get(key)
        if known is not None and now < known[0] + REMEMBERED_FOR:
            return known[1]
        account = await self._database.read(lambda tx: store.account_of(tx, *key, now))
        if account is not None:
            self._known[key] = (now, account)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return account

    async def end(self, headers: Mapping[str, str], handle: str) -> None:
        secret = cookie_in(headers, session_cookie(handle))
        if secret is not None:
            session_hash = hashed(secret)
            self._known.pop((handle, session_hash), None)
            await self._database.write(lambda tx: store.end_session(tx, handle, session_hash))


def session_cookie(handle: str) -> str:
    return f"fp_login_{handle}"


def nonce_cookie(handle: str) -> str:
    return f"fp_asked_{handle}"


def cookie_in(headers: Mapping[str, str], name: str) -> str | None:
    """The value of a cookie of ours."""
    found = re.search(rf"(?:^|;)\s*{re.escape(name)}=({TOKEN.pattern})\s*(?:;|$)", headers.get("cookie", ""))
    return found[1] if found else None


def session_cookies(handle: str, secret: str, *, page_path: str, secure: bool) -> list[RawHeader]:
    """Sent to this handle's pages, to the fetch of their schema and to the login's own routes, and to nothing else."""
    paths = (page_path, f"/v2/public/handles/{handle}", API)
    return [_cookie(session_cookie(handle), secret, path, SESSION_LIVES, secure=secure) for path in paths]


def nonce_cookies(handle: str, nonce: str, *, page_path: str, secure: bool) -> list[RawHeader]:
    return [_cookie(nonce_cookie(handle), nonce, path, LINK_LIVES, secure=secure) for path in (page_path, API)]


def ended_cookies(handle: str, *, page_path: str, secure: bool) -> list[RawHeader]:
    paths = (page_path, f"/v2/public/handles/{handle}", API)
    return [_cookie(session_cookie(handle), "", path, 0, secure=secure) for path in paths]


def _cookie(name: str, value: str, path: str, lives: Micros, *, secure: bool) -> RawHeader:
    text = f"{name}={value}; Path={path}; Max-Age={lives // SECOND}; HttpOnly; SameSite=Lax"
    return b"set-cookie", (f"{text}; Secure" if secure else text).encode()
