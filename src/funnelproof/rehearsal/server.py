"""A real server for tests: on a free port of loopback, in a folder that goes with it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from funnelproof.rehearsal.child import served

EPHEMERAL = "funnelproof.cli.ephemeral"


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
        words = [EPHEMERAL, str(Path(folder) / "data")]
        with served(words, Path(folder) / "server.log") as (told, _):
            yield Server(**told)
