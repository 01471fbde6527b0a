"""A real server for tests: on a free port of loopback, in a folder that goes with it, ended by its id."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PREFIX = "FUNNELPROOF_"
CHILD = "funnelproof.cli.ephemeral"
PATIENCE_SECONDS = 120.0
SECONDS_TO_STOP = 12.0


class DidNotStart(RuntimeError):  # noqa: N818 - its text is shown as it is
    """With what the server said last."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where it answers and with which token. An empty handle is the token's only one."""

    url: str
    token: str = field(repr=False)
    handle: str = ""


@contextmanager
def ephemeral() -> Iterator[Server]:
    """A server with an installation of its own; both are gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="funnelproof-rehearsal-") as folder:
        log = Path(folder) / "server.log"
        with log.open("w") as errors:
            child = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", CHILD, str(Path(folder) / "data")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=_environment(),
                start_new_session=True,
            )
        try:
            yield _told(child, log)
        finally:
            _end(child)


def _environment() -> dict[str, str]:
    """What is set for another installation is left out."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def _told(child: subprocess.Popen[str], log: Path) -> Server:
    assert child.stdout is not None  # noqa: S101 - it was asked for
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        ready, _, _ = select.select([child.stdout], [], [], 0.2)
        line = child.stdout.readline() if ready else ""
        if line.startswith("{"):
            return Server(**json.loads(line))
        if child.poll() is not None:
            break
    raise DidNotStart(f"The server did not start. It said: {log.read_text()[-2000:] or 'nothing'}")


def _end(child: subprocess.Popen[str]) -> None:
    child.terminate()
    try:
        child.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
