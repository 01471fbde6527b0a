"""Real commands as subprocesses, on loopback only, each with a limit of time."""

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

HANDLE, EMAIL, PASSWORD = "gharart", "owner@gharart.example", "correct-horse-1"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
SECONDS = 60
CAMPAIGN = {
    "campaignId": "new-buyer-funnel",
    "name": "New buyer funnel",
    "goalType": "PRODUCT_SALE",
    "status": "ACTIVE",
    "primaryLink": {"slug": "buy-now", "destinationUrl": "https://shop.gharart.example/new"},
    "variants": [
        {"variantId": "a", "weight": 50, "control": True},
        {"variantId": "b", "weight": 50, "destinationUrl": "https://shop.gharart.example/new-b"},
    ],
}
Funnelproof = Callable[..., subprocess.CompletedProcess[str]]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FUNNELPROOF_")}
    return {**kept, **more}


def funnelproof(*words: object, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "funnelproof", *map(str, words)],
        capture_output=True,
        check=False,
        text=True,
        input=stdin,
        timeout=SECONDS,
        env=environment(**variables),
    )


def init(data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    who = ("--handle", HANDLE, "--email", EMAIL, "--password", PASSWORD)
    return funnelproof("init", "--data", data, *who, "--json", **variables)


def make_token(data: Path, *scopes: str, **variables: str) -> str:
    words = [word for scope in scopes for word in ("--scope", scope)]
    made = funnelproof(
        "token", "create", "--data", data, "--handle", HANDLE, "--name", "t", *words, "--json", **variables
    )
    token: str = json.loads(made.stdout)["token"]
    return token


@dataclass(frozen=True)
class Served:
    process: subprocess.Popen[str]
    url: str
    log: Path

    def client(self, token: str = "", **headers: str) -> httpx2.Client:
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        return httpx2.Client(base_url=self.url, headers={**bearer, **headers}, timeout=20, trust_env=False)


@contextmanager
def serving(data: Path, *words: str, **variables: str) -> Iterator[Served]:
    """A server on a free port; ended, by its id, when the block ends."""
    log = data / "test.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "funnelproof", "serve", "--data", str(data), "--port", "0", "--json", *words],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(**variables),
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], SECONDS)
        line = process.stdout.readline() if ready else ""
        assert line, log.read_text()
        yield Served(process, json.loads(line)["url"], log)
    finally:
        process.terminate()
        process.wait(15)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("installation") / "data"
    made = init(data)
    assert made.returncode == 0, made.stderr
    return data


@pytest.fixture
def data(initialised: Path, tmp_path: Path) -> Path:
    """A data folder with the first user and its handle, for this test alone."""
    copied = tmp_path / "data"
    shutil.copytree(initialised, copied)
    return copied


@pytest.fixture
def no_data(tmp_path: Path) -> Path:
    return tmp_path / "nothing-here"


def failed_checks(data: Path, **variables: str) -> dict[str, Any]:
    """What `doctor` finds wrong, by check."""
    answer = funnelproof("doctor", "--data", data, "--json", **variables)
    checks = json.loads(answer.stdout)["checks"]
    failed = {check["id"]: check for check in checks if check["status"] == "FAIL"}
    assert answer.returncode == (1 if failed else 0)
    return failed
