"""The server as a child process: started, waited for, ended by its id."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from funnelproof.cli.refusal import Refused
from funnelproof.settings import PREFIX

PATIENCE_SECONDS = 60.0
SECONDS_TO_STOP = 12.0
LOG = "server.log"


@contextmanager
def served(folder: Path, port: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """(address, process) of a server on this folder; the process is over when the block ends."""
    log = folder / LOG
    command = [sys.executable, "-m", "funnelproof", "serve", "--data", str(folder), "--port", str(port), "--json"]
    with log.open("w") as errors:
        server = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=_environment(), start_new_session=True
        )
    try:
        yield _address(server, log), server
    except Refused as refused:
        raise Refused(refused.code, f"{refused}{_last_error(log)}") from None
    finally:
        _end(server)


def _environment() -> dict[str, str]:
    """The demo is its own installation: what is set for another one is left out."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def _address(server: subprocess.Popen[str], log: Path) -> str:
    assert server.stdout is not None  # noqa: S101 - it was asked for
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        ready, _, _ = select.select([server.stdout], [], [], 0.2)
        line = server.stdout.readline() if ready else ""
        if line.startswith("{") and "url" in (told := json.loads(line)):
            return str(told["url"])
        if server.poll() is not None:
            break
    raise Refused("server_did_not_start", f"The server did not start. It said: {log.read_text()[-2000:] or 'nothing'}")


def _last_error(log: Path) -> str:
    """What the server logged about its own fault, if it was one."""
    errors = [line for line in log.read_text().splitlines() if '"level": "error"' in line]
    return f"\n\nThe server said:\n{json.loads(errors[-1]).get('exception', errors[-1])}" if errors else ""


def _end(server: subprocess.Popen[str]) -> None:
    """A server has its own session, so that Ctrl-C reaches it only through here, once."""
    server.terminate()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        server.kill()
    server.wait()
