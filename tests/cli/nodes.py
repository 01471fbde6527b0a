"""Two nodes of one installation: servers with data folders of their own on one PostgreSQL, one secret between them."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from cli.conftest import BROWSER, CAMPAIGN, EMAIL, HANDLE, PASSWORD, Served, funnelproof, init, make_token, serving
from patience import promised

NUMBERS = count(1)
WITHIN_SECONDS = promised(1)
"""How soon every process has to know what another one changed."""
LINK = f"/{HANDLE}/buy-now"
LINKS = f"/v2/handles/{HANDLE}/links"
CAMPAIGNS = f"/v2/handles/{HANDLE}/campaigns"
SCOPES = ("campaigns.*", "links.*", "conversions.*", "analytics.*")


@dataclass(frozen=True)
class Nodes:
    first: Served
    second: Served
    address: str
    token: str
    variables: dict[str, str]
    data: Path

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What PostgreSQL answers."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            answer = connection.execute(statement, values)  # type: ignore[call-overload]
            return list(answer.fetchall()) if answer.description else []

    def recounted(self) -> dict[str, Any]:
        checked = funnelproof("recount", "--check", "--data", self.data, "--json", **self.variables)
        return dict(json.loads(checked.stdout))


@contextmanager
def two_nodes(postgres_server: Any, folder: Path) -> Iterator[Nodes]:
    address = new_database(postgres_server)
    variables = {"FUNNELPROOF_DATABASE_URL": address, "FUNNELPROOF_SECRET": "one secret for all nodes"}
    here, there = folder / "node-1", folder / "node-2"
    here.mkdir()
    there.mkdir()
    assert init(here, **variables).returncode == 0
    token = make_token(here, *SCOPES, **variables)
    with serving(here, **variables) as first, serving(there, **variables) as second:
        yield Nodes(first, second, address, token, variables, here)


def new_database(postgres_server: Any) -> str:
    """The address of an empty one."""
    name = f"nodes_{next(NUMBERS)}"
    with psycopg.connect(postgres_server.get_uri("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return str(postgres_server.get_uri(name))


def sign_in(client: httpx2.Client) -> str:
    answer = client.post("/v2/auth/login", json={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["accessToken"])


def make_campaign(client: httpx2.Client, **fields: Any) -> None:
    made = client.post(CAMPAIGNS, json={**CAMPAIGN, **fields})
    assert made.status_code == 201, made.text


def follow(client: httpx2.Client, path: str = LINK) -> httpx2.Response:
    client.cookies.clear()
    return client.get(path, headers={"user-agent": BROWSER})


def convert(client: httpx2.Client, ctx: str, key: str) -> httpx2.Response:
    return client.post("/v2/public/conversions", json={"ctx": ctx, "idempotencyKey": key, "value": "49.90"})


def ctx_in(answer: httpx2.Response) -> str:
    return str(answer.headers["location"].rpartition("ctx=")[2])


def seconds_until(holds: Callable[[], bool], at_most: float = promised(10)) -> float:
    """How long it took until this held; it has to within `at_most`."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < at_most, "it never came true"
        time.sleep(0.02)
    return time.monotonic() - began


def stale_for(is_new: Callable[[], bool]) -> float:
    """Seconds from now until the last look that still found the old state was begun."""
    began = last_old = time.monotonic()
    while True:
        looked_at = time.monotonic()
        if is_new():
            return last_old - began
        assert looked_at - began < 10, "it never came true"
        last_old = looked_at
        time.sleep(0.02)


def at_once(work: Callable[[int], Any], times: int, hands: int = 8) -> list[Any]:
    with ThreadPoolExecutor(hands) as pool:
        return list(pool.map(work, range(times)))
