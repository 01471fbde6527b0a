"""A test conversion that is watched: each step while the run is open, then its receipt; and asked with a key."""

import asyncio
import json
import time
from typing import Any

from cast import HANDLE, Actor, Client, refused
from funnel import rows_of
from funnelproof.installation import Installation
from patience import promised
from proofs.conftest import CAMPAIGNS

EVENTS = {"Accept": "text/event-stream"}


def watch(
    client: Client, home: Installation, path: str, tester: Actor, *, leaves: bool = False
) -> tuple[list[str], list[tuple[str, Any]]]:
    """States of the run as each piece came, and the events. `leaves`: the watcher is gone once it has asked."""
    states: list[str] = []
    pieces: list[bytes] = []
    told = {"authorization": f"Bearer {tester.credential}", "accept": EVENTS["Accept"], "host": "127.0.0.1"}
    given = False

    async def receive() -> dict[str, Any]:
        nonlocal given
        if given and not leaves:
            await asyncio.Event().wait()
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message.get("body"):
            pieces.append(message["body"])
            states.extend(row["state"] for row in rows_of(home.database, "runs"))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), text.encode()) for name, text in told.items()],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 8080),
        "state": {},
    }
    client.run(client.app(scope, receive, send))
    fields = [
        dict(line.split(": ", 1) for line in one.split("\n")) for one in b"".join(pieces).decode().split("\n\n")[:-1]
    ]
    return states, [(one["event"], json.loads(one["data"])) for one in fields]


def test_steps_come_while_the_run_is_open_and_add_up_to_its_receipt(
    client: Client, installation: Installation, tester: Actor, campaign: str
) -> None:
    states, events = watch(client, installation, f"{campaign}/test-conversion", tester)
    assert states[0] == "OPEN"
    assert states[-1] == "FINISHED"
    name, receipt = events[-1]
    assert (name, receipt["verdict"]) == ("receipt", "PASS")
    assert {name for name, _ in events[:-1]} == {"step"}
    for variant in receipt["variants"]:
        told = [data["step"] for _, data in events[:-1] if data["variantId"] == variant["variantId"]]
        assert sorted(told, key=lambda step: str(step["id"])) == sorted(variant["steps"], key=lambda step: step["id"])
    assert client.get(f"{campaign}/test-runs/{receipt['runId']}", by=tester).json() == receipt


def test_a_watched_test_is_refused_and_audited_as_any_other(
    client: Client, installation: Installation, tester: Actor, campaign: str
) -> None:
    answer = client.post(f"{CAMPAIGNS}/none/test-conversion", by=tester, headers=EVENTS)
    refused(answer, 404, "campaign_not_found")
    answer = client.post(f"{campaign}/test-conversion", by=tester, headers=EVENTS)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["ratelimit"]
    lines = [row["route"] for row in rows_of(installation.database, "audit_lines") if row["handle"] == HANDLE]
    assert sum(route.endswith("/test-conversion") for route in lines) == 1


def test_with_a_key_it_is_answered_by_what_can_be_kept(client: Client, tester: Actor, campaign: str) -> None:
    headers = {**EVENTS, "Idempotency-Key": "once"}
    first, again = (client.post(f"{campaign}/test-conversion", by=tester, headers=headers) for _ in range(2))
    assert first.headers["content-type"] == "application/json"
    assert again.json()["runId"] == first.json()["runId"]


def test_a_watcher_who_leaves_does_not_end_the_test(
    client: Client, installation: Installation, tester: Actor, campaign: str
) -> None:
    watch(client, installation, f"{campaign}/test-conversion", tester, leaves=True)
    until = time.monotonic() + promised(20)
    while [row["state"] for row in rows_of(installation.database, "runs")] != ["FINISHED"]:
        assert time.monotonic() < until
        client.run(asyncio.sleep(0.02))
    (run,) = client.get(f"{campaign}/test-runs", by=tester).json()["items"]
    assert run["verdict"] == "PASS"
