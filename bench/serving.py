"""A served installation, and one keep-alive connection to it."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SECONDS = 60


class Caller:
    """One request after the other over one connection, as one person or token."""

    def __init__(self, url: str, token: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=SECONDS)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> bytes:
        return self._call("GET", path, None, 200)

    def post(self, path: str, body: object) -> Any:
        return json.loads(self._call("POST", path, json.dumps(body), 201))

    def close(self) -> None:
        self._connection.close()

    def _call(self, method: str, path: str, body: str | None, wanted: int) -> bytes:
        try:
            answer = self._asked(method, path, body)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()  # nothing was asked for so long that the server has hung up
            answer = self._asked(method, path, body)
        content = answer.read()
        if answer.status != wanted:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {content[:300]!r}")
        return content

    def _asked(self, method: str, path: str, body: str | None) -> http.client.HTTPResponse:
        self._connection.request(method, path, body, self._headers)
        return self._connection.getresponse()


@contextmanager
def serving(data: Path, database_url: str | None = None) -> Iterator[tuple[str, int]]:
    """Address and process id of a `funnelproof serve` on a free port; ended, by its id, with the block."""
    words = ("serve", "--data", str(data), "--port", "0", "--json")
    with (data / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "funnelproof", *words],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=_environment(database_url),
        )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError(f"The server did not start; see {data / 'serve.log'}.")
        yield str(json.loads(line)["url"]), process.pid
    finally:
        process.terminate()
        process.wait(SECONDS)


def make_token(data: Path, handle: str, *scopes: str, database_url: str | None = None) -> str:
    words = ["token", "create", "--data", str(data), "--handle", handle, "--name", "bench", "--json"]
    words += [word for scope in scopes for word in ("--scope", scope)]
    made = subprocess.run(
        [sys.executable, "-m", "funnelproof", *words],
        capture_output=True,
        check=True,
        text=True,
        env=_environment(database_url),
    )
    return str(json.loads(made.stdout)["token"])


def _environment(database_url: str | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FUNNELPROOF_")}
    return kept if database_url is None else {**kept, "FUNNELPROOF_DATABASE_URL": database_url}
