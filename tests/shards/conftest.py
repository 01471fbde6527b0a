"""An installation whose sign-up is open, and the statements that all of its routes and jobs send, recorded once."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from cast import VISITOR, Actor, Cast, Client, make_cast
from conftest import MakeInstallation
from funnelproof import ids
from funnelproof.access.audience import TABLE
from funnelproof.app import Application
from funnelproof.clock import SetClock
from funnelproof.installation import Installation
from funnelproof.outgoing import guard
from funnelproof.settings import Signup
from shards.recorder import Recorder, recording


@dataclass
class Everything:
    """A client that notes which routes answered well; what it sends to storage is in `recorder`."""

    home: Installation
    app: Application
    client: Client
    cast: Cast
    clock: SetClock
    recorder: Recorder
    owner: Actor
    routes: set[tuple[str, str]] = field(default_factory=set)

    def call(self, method: str, path: str, body: Any = None, *, by: Actor = VISITOR, **more: Any) -> httpx2.Response:
        answer = self.client.call(method, path, body, by=by, **more)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        match = TABLE.find(path.partition("?")[0])
        if match is not None and method in match.rules:
            self.routes.add((method, match.rules[method].path))
        return answer

    def get(self, path: str, *, by: Actor | None = None, **more: Any) -> httpx2.Response:
        return self.call("GET", path, by=by or self.owner, **more)

    def post(self, path: str, body: Any = None, *, by: Actor | None = None, **more: Any) -> httpx2.Response:
        return self.call("POST", path, body, by=by or self.owner, **more)


async def loopback_alone(host: str, port: int) -> list[str]:
    """No other name is looked up: a test asks nobody outside."""
    if host != "127.0.0.1":
        raise guard.Refused(f"{host} has no address.")
    return [host]


@pytest.fixture
def everything(
    make_installation: MakeInstallation, clock: SetClock, engine_kind: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Everything]:
    # Retention and archive find days and months by ids.
    monkeypatch.setattr(ids, "time", SimpleNamespace(time_ns=lambda: clock.now() * 1000))
    monkeypatch.setattr(guard, "_resolved", loopback_alone)
    allowed = {"live_simulations": True, "allow_private_targets": True, "probing": True}
    home = make_installation(engine_kind, signup=Signup.OPEN, **allowed)
    app = Application(home)
    cast = make_cast(home)
    with recording() as recorder, Client(app) as client:
        yield Everything(home, app, client, cast, clock, recorder, replace(cast.owner))
