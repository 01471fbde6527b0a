"""`python -m funnelproof.cli.ephemeral FOLDER`: makes an installation, serves it, ends with whoever asked for it."""

import gc
import json
import os
import secrets
import signal
import sys
import threading
from pathlib import Path

# What is imported stays: looking for cycles among it again and again takes a sixth of the time.
gc.disable()
from funnelproof import server  # noqa: E402
from funnelproof.cli.home import opened  # noqa: E402
from funnelproof.cli.init import make  # noqa: E402
from funnelproof.cli.serve import free_port, settings_for, url  # noqa: E402
from funnelproof.cli.token import made_token  # noqa: E402

gc.enable()

HOST, HANDLE = "127.0.0.1", "rehearsal"
SCOPES = ["campaigns.*", "links.*", "conversions.*", "analytics.*"]


def main(folder: Path) -> None:
    """Says one line of JSON once it answers."""
    token = _prepare(folder)
    port = free_port(HOST)
    settings = settings_for(folder, HOST, port)

    def on_ready() -> None:
        # No sooner: the workers are forked, and a fork wants no other threads beside it.
        threading.Thread(target=_end_with_parent, daemon=True).start()
        told = {"url": url(HOST, port), "handle": HANDLE, "token": token}
        print(json.dumps(told), flush=True)  # noqa: T201 - a pipe is waiting for it

    server.serve(settings, host=HOST, port=port, workers=1, on_ready=on_ready)


def _prepare(folder: Path) -> str:
    """The token of a handle that nobody can sign in to: its password is thrown away."""
    wanted = {"handle": HANDLE, "email": "rehearsal@example.com", "name": "", "time_zone": "UTC", "currency": "USD"}
    with opened(folder) as home:
        make(home, secrets.token_urlsafe(24), wanted)
        now = home.clock.now()
        _, text = home.database.write_now(lambda tx: made_token(tx, HANDLE, "rehearsal", SCOPES, days=1, now=now))
    return text


def _end_with_parent() -> None:
    """Standard input ends when the parent does, however that came."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
