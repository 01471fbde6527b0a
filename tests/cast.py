"""The same people in every test, and the client through which they call."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self, TypeVar

import httpx2

from funnelproof.access import accounts, passwords, sessions, store, tokens
from funnelproof.access.roles import Role
from funnelproof.handles import settle
from funnelproof.installation import Installation
from funnelproof.storage.database import Transaction

HANDLE, OTHER_HANDLE = "gharart", "elsewhere"
PASSWORD = "correct horse battery"
T = TypeVar("T")


@dataclass(frozen=True)
class Actor:
    """Somebody who calls; `credential` is a JWT, a token or None."""

    name: str
    user_id: str = ""
    email: str = ""
    credential: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.credential is None else {"Authorization": f"Bearer {self.credential}"}


VISITOR = Actor("visitor")


@dataclass
class Cast:
    """Of the handle `gharart`: its owner, an operator, a teammate (CREATOR). A stranger owns `elsewhere`."""

    home: Installation
    owner: Actor
    operator: Actor
    teammate: Actor
    stranger: Actor
    boss: Actor
    visitor: Actor = field(default=VISITOR)

    def token(self, *scopes: str, maker: Actor | None = None, handle: str = HANDLE, **more: Any) -> Actor:
        """A token of a handle with these scopes, made by its owner unless said otherwise."""
        maker = maker or (self.owner if handle == HANDLE else self.stranger)
        _, text = self.home.database.write_now(
            lambda tx: tokens.make(
                tx, handle, name="t", scopes=scopes, made_by=maker.user_id, now=self.home.clock.now(), **more
            )
        )
        return Actor("token", maker.user_id, credential=text)


@cache
def password_hash() -> str:
    return passwords.hash_now(PASSWORD)


def make_cast(home: Installation) -> Cast:
    def make(tx: Transaction) -> dict[str, Actor]:
        people = {
            name: _sign_in(home, tx, name, platform_operator=name == "boss")
            for name in ("owner", "operator", "teammate", "stranger", "boss")
        }
        now = home.clock.now()
        settle.create(tx, handle=HANDLE, owner_id=people["owner"].user_id, now=now, name="Gharart", currency="EUR")
        settle.create(tx, handle=OTHER_HANDLE, owner_id=people["stranger"].user_id, now=now)
        store.add_member(tx, HANDLE, people["operator"].user_id, Role.OPERATOR, now=now)
        store.add_member(tx, HANDLE, people["teammate"].user_id, Role.CREATOR, now=now)
        return people

    return Cast(home, **home.database.write_now(make))


def _sign_in(home: Installation, tx: Transaction, name: str, *, platform_operator: bool = False) -> Actor:
    now = home.clock.now()
    user = accounts.make_account(
        tx,
        email=f"{name}@gharart.example",
        password_hash=password_hash(),
        name=name.title(),
        platform_operator=platform_operator,
        now=now,
    )
    session, _ = sessions.begin(tx, user.user_id, now=now)
    return Actor(name, user.user_id, user.email, sessions.sign(home.keyring, session, now=now))


class Client:
    """A blocking client of an ASGI app; one event loop for all of a test, so that work begun in one request goes on."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._runner = asyncio.Runner()
        transport = httpx2.ASGITransport(app)
        self._http = httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._http.aclose())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def forget_cookies(self) -> None:
        """As another browser: this client keeps what it was sent."""
        self._http.cookies.clear()

    def call(self, method: str, path: str, body: Any = None, *, by: Actor = VISITOR, **more: Any) -> httpx2.Response:
        """`body` is sent as JSON; `headers=` and `content=` as with httpx."""
        headers = {**by.headers, **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        return self.run(self._http.request(method, path, headers=headers, **more))

    def get(self, path: str, *, by: Actor = VISITOR, **more: Any) -> httpx2.Response:
        return self.call("GET", path, by=by, **more)

    def post(self, path: str, body: Any = None, *, by: Actor = VISITOR, **more: Any) -> httpx2.Response:
        return self.call("POST", path, body, by=by, **more)

    def put(self, path: str, body: Any = None, *, by: Actor = VISITOR, **more: Any) -> httpx2.Response:
        return self.call("PUT", path, body, by=by, **more)

    def patch(self, path: str, body: Any = None, *, by: Actor = VISITOR, **more: Any) -> httpx2.Response:
        return self.call("PATCH", path, body, by=by, **more)

    def delete(self, path: str, *, by: Actor = VISITOR, **more: Any) -> httpx2.Response:
        return self.call("DELETE", path, by=by, **more)


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is this problem, whole; and hand its document back."""
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["error"]) == (status, code), document
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["requestId"] == answer.headers["x-request-id"]
    assert document["detail"]
    return document
