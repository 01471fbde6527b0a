"""`funnelproof serve`: what it refuses, what it logs, how it stops."""

import http.client
import json
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from cli.conftest import BROWSER, CAMPAIGN, HANDLE, funnelproof, make_token, serving
from cli.nodes import seconds_until
from patience import promised

WHERE = f"/v2/handles/{HANDLE}/campaigns"


def clicks_in(data: Path) -> int:
    database = sqlite3.connect(data / "funnelproof.db")
    (found,) = database.execute("select count(*) from clicks").fetchone()
    database.close()
    return int(found)


class Crowd:
    """People who click without pause until the server is gone, and what each click came to."""

    def __init__(self, url: str, people: int) -> None:
        self.address = urlsplit(url)
        self.answers: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._click) for _ in range(people)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for thread in self._threads:
            thread.join(20)

    def _click(self) -> None:
        connection = http.client.HTTPConnection(str(self.address.hostname), self.address.port, timeout=15)
        came_to = "302"
        while came_to == "302":
            came_to = self._one(connection)
            with self._lock:
                self.answers[came_to] += 1
        connection.close()

    def _one(self, connection: http.client.HTTPConnection) -> str:
        try:
            connection.request("GET", f"/{HANDLE}/buy-now", headers={"User-Agent": BROWSER})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return "gone"
        return str(answer.status)


def test_sigterm_answers_all_that_was_stored_and_ends_in_time(data: Path) -> None:
    token = make_token(data, "campaigns.*")
    with serving(data) as server:
        with server.client(token) as client:
            assert client.post(WHERE, json=CAMPAIGN).status_code == 201
        with Crowd(server.url, people=8) as crowd:
            seconds_until(lambda: crowd.answers["302"] > 0)
            time.sleep(0.2)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(promised(10)) == 0
    assert set(crowd.answers) <= {"302", "503", "gone"}
    assert crowd.answers["302"] == clicks_in(data) > 0
    assert funnelproof("recount", "--check", "--data", data).returncode == 0


def test_workers_count_in_slots_of_their_own(data: Path) -> None:
    with serving(data, "--workers", "2") as server, server.client() as client:
        assert client.get("/v2/system/health").status_code == 200
        deadline = time.monotonic() + promised(10)
        while time.monotonic() < deadline and not (data / "slot-1.lock").exists():
            time.sleep(0.05)
        assert sorted(path.name for path in data.glob("slot-*.lock")) == ["slot-0.lock", "slot-1.lock"]


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="this system knows no batch work")
def test_the_threads_of_the_server_wait_for_the_loop_which_itself_waits_for_nobody(data: Path) -> None:
    with serving(data) as served:
        (worker,) = psutil.Process(served.process.pid).children()
        policies: list[int] = []
        deadline = time.monotonic() + promised(10)
        while os.SCHED_BATCH not in policies and time.monotonic() < deadline:
            time.sleep(0.1)
            policies = [os.sched_getscheduler(thread.id) for thread in worker.threads()]
        assert os.SCHED_BATCH in policies
        assert os.sched_getscheduler(worker.pid) == os.SCHED_OTHER


def test_logs_are_json_lines_without_query_strings_or_secrets(data: Path) -> None:
    with serving(data, FUNNELPROOF_LOG_LEVEL="debug") as server, server.client() as client:
        client.get(f"/{HANDLE}/nothing", params={"email": "somebody@private.example"})
        client.post("/v2/auth/login", json={"email": "x@y.example", "password": "a-private-password"})
    lines = server.log.read_text().splitlines()
    assert lines
    assert all({"level", "message", "at"} <= set(json.loads(line)) for line in lines)
    assert "private" not in server.log.read_text()


def test_a_folder_without_an_installation_is_told_how_to_get_one(no_data: Path) -> None:
    refused = funnelproof("serve", "--data", no_data, "--port", 0)
    assert refused.returncode == 2
    assert f"funnelproof init --data {no_data}" in refused.stderr
    assert not no_data.exists()


def test_a_port_in_use_is_refused(data: Path) -> None:
    with serving(data) as server:
        port = urlsplit(server.url).port
        refused = funnelproof("serve", "--data", data, "--port", port)
    assert refused.returncode == 2
    assert "--port" in refused.stderr


def test_beyond_loopback_two_origins_are_asked_for(data: Path) -> None:
    refused = funnelproof("serve", "--data", data, "--host", "0.0.0.0", "--port", 0, "--json")  # noqa: S104
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["error"] == "origins_not_apart"


def test_what_is_wrong_is_said_in_one_sentence(data: Path) -> None:
    wrong_secret = funnelproof("serve", "--data", data, "--port", 0, FUNNELPROOF_SECRET="another")
    unknown = funnelproof("serve", "--data", data, "--port", 0, FUNNELPROOF_DATTA="/x")
    malformed = funnelproof("serve", "--data", data, "--port", 0, FUNNELPROOF_INGEST_WAITING="many")
    away = funnelproof("serve", "--data", data, "--port", 0, FUNNELPROOF_DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    for refused, names in (
        (wrong_secret, "FUNNELPROOF_SECRET"),
        (unknown, "DATTA"),
        (malformed, "INGEST"),
        (away, "doctor"),
    ):
        assert refused.returncode == 2
        assert names in refused.stderr
        assert "Traceback" not in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
