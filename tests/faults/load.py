"""Buyers at a real server: each clicks and orders, and what was acknowledged is written down."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from sqlalchemy import select

from cli.conftest import BROWSER, CAMPAIGN, Served, make_token
from funnelproof.recount.compare import recount
from funnelproof.storage.database import Database
from funnelproof.storage.schema import clicks, conversions

LINK = "/gharart/buy-now?utm_source=mail&utm_medium=email&utm_campaign=launch"


@dataclass
class Acknowledged:
    """Ids that a server answered for; `refused` counts 503s, `broken` requests that got no answer."""

    clicks: set[str] = field(default_factory=set)
    conversions: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    broken: int = 0
    unexpected: list[str] = field(default_factory=list)


def prepare(data: Path, served: Served, **variables: str) -> None:
    """The campaign that the buyers click."""
    token = make_token(data, "campaigns.*", **variables)
    with served.client(token) as client:
        made = client.post("/v2/handles/gharart/campaigns", json=CAMPAIGN)
        assert made.status_code == 201, made.text


@contextlib.contextmanager
def buyers(url: str, seen: Acknowledged, *, number: int = 6, tag: str = "") -> Iterator[None]:
    """Keep buying until the block ends."""
    stop = threading.Event()
    threads = [threading.Thread(target=_buy, args=(url, seen, stop, f"{tag}{at}")) for at in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def wait_for(seen: Acknowledged, more: int, seconds: float = 20) -> None:
    """Until so many more conversions are acknowledged; a busy machine gets its time."""
    wanted, deadline = len(seen.conversions) + more, time.monotonic() + seconds
    while len(seen.conversions) < wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(seen.conversions) >= wanted, "too little was bought for this test to mean anything"


def _buy(url: str, seen: Acknowledged, stop: threading.Event, name: str) -> None:
    with httpx2.Client(base_url=url, timeout=10, trust_env=False, headers={"User-Agent": BROWSER}) as client:
        for at in range(100_000):
            if stop.is_set():
                return
            try:
                client.cookies.clear()
                _buy_once(client, seen, f"{name}-{at}")
            except httpx2.HTTPError:
                seen.broken += 1


def _buy_once(client: httpx2.Client, seen: Acknowledged, key: str) -> None:
    clicked = client.get(LINK)
    if clicked.status_code != 302:
        return _note(seen, clicked)
    seen.clicks.add("clk_" + clicked.headers["x-request-id"].removeprefix("req_"))
    body = {"ctx": clicked.headers["location"].rpartition("ctx=")[2], "idempotencyKey": key, "value": "49.90"}
    answer = client.post("/v2/public/conversions", json=body)
    if answer.status_code == 201:
        seen.conversions[key] = answer.json()["conversionId"]
        return None
    return _note(seen, answer)


def _note(seen: Acknowledged, answer: httpx2.Response) -> None:
    if answer.status_code == 503 and "retry-after" in answer.headers:
        seen.refused += 1
    else:
        seen.unexpected.append(f"{answer.status_code} {answer.text[:200]}")


def kill(served: Served) -> None:
    """End the whole server at once, as a power cut would: no handler runs. It leads a process group of its own."""
    os.killpg(served.process.pid, 9)
    served.process.wait(10)


def stored(database: Database) -> tuple[set[str], dict[str, list[str]]]:
    """(ids of clicks, ids of conversions by key) of the live world."""
    with database.engines.reading.connect() as connection:
        ids = {row[0] for row in connection.execute(select(clicks.c.click_id).where(clicks.c.world == "live"))}
        by_key: dict[str, list[str]] = {}
        columns = (conversions.c.idempotency_key, conversions.c.conversion_id)
        for key, conversion_id in connection.execute(select(*columns).where(conversions.c.world == "live")):
            by_key.setdefault(key, []).append(conversion_id)
    return ids, by_key


def check_nothing_lost_or_doubled(database: Database, seen: Acknowledged) -> None:
    """Acknowledged ⊆ stored, every key once, counters = recount."""
    ids, by_key = stored(database)
    assert seen.unexpected == []
    assert seen.clicks <= ids
    assert {key: [conversion_id] for key, conversion_id in seen.conversions.items()}.items() <= by_key.items()
    assert all(len(found) == 1 for found in by_key.values())
    report = recount(database, now=time.time_ns() // 1000)
    assert report.differences == []
    assert report.equal > 0
