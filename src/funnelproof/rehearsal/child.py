"""A server as a child process: started, waited for until it says where it is, ended by its id."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PREFIX = "FUNNELPROOF_"
PATIENCE_SECONDS = 120.0
SECONDS_TO_STOP = 12.0
Child = subprocess.Popen[str]


class DidNotStart(RuntimeError):  # noqa: N818 - its text is shown as it is
    """With what the server said last."""


@contextmanager
def served(words: Sequence[str], log: Path) -> Iterator[tuple[dict[str, Any], Child]]:
    """What `python -m WORDS…` told as its first JSON object with a `url`, and its process, over when the block ends.

    Its standard input stays open as long as this process lives; what it logs goes to `log`.
    """
    with log.open("w") as errors:
        child = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=_environment(),
            start_new_session=True,
        )
    try:
        yield _told(child, log), child
    finally:
        _end(child)


def _environment() -> dict[str, str]:
    """It is its own installation: what is set for another one is left out."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def _told(child: Child, log: Path) -> dict[str, Any]:
    assert child.stdout is not None  # noqa: S101 - it was asked for
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        ready, _, _ = select.select([child.stdout], [], [], 0.2)
        line = child.stdout.readline() if ready else ""
        if line.startswith("{") and "url" in (told := json.loads(line)):
            return dict(told)
        if child.poll() is not None:
            break
    raise DidNotStart(f"The server did not start. It said: {log.read_text()[-2000:] or 'nothing'}")


def _end(child: Child) -> None:
    """It has a session of its own, so that Ctrl-C reaches it only through here, once."""
    child.terminate()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            child.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
