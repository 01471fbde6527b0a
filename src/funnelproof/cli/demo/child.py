"""The demo's server: a child process of its own, and what it logged where it was at fault."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from funnelproof.cli.refusal import Refused
from funnelproof.rehearsal import child

LOG = "server.log"


@contextmanager
def served(folder: Path, port: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """(address, process) of a server on this folder; the process is over when the block ends."""
    log = folder / LOG
    words = ["funnelproof", "serve", "--data", str(folder), "--port", str(port), "--json"]
    try:
        with child.served(words, log) as (told, server):
            yield str(told["url"]), server
    except child.DidNotStart as reason:
        raise Refused("server_did_not_start", str(reason)) from None
    except Refused as refused:
        raise Refused(refused.code, f"{refused}{_last_error(log)}") from None


def _last_error(log: Path) -> str:
    """What the server logged about its own fault, if it was one."""
    errors = [line for line in log.read_text().splitlines() if '"level": "error"' in line]
    return f"\n\nThe server said:\n{json.loads(errors[-1]).get('exception', errors[-1])}" if errors else ""
