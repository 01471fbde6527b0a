"""The reference: a bare ASGI application behind the same server. `python -m bench.bare [PORT] [WORKERS]`.

GET answers a 302 with a fixed Location (where a page stands, a 200 of its size); POST decodes its JSON body and
answers with it.
"""

import json
import multiprocessing
import sys
from typing import Any

from funnelproof.server import CONNECTIONS, SECONDS_TO_STOP, settle_in

LOCATION = b"https://shop.gharart.example/new?utm_source=mail&utm_medium=email&utm_campaign=launch&ctx=" + b"x" * 180
REDIRECT = {
    "type": "http.response.start",
    "status": 302,
    "headers": [(b"location", LOCATION), (b"content-length", b"0")],
}
PAGE_BYTES = 6_000
PAGE = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(PAGE_BYTES).encode())],
}
PAGE_BODY = {"type": "http.response.body", "body": b"x" * PAGE_BYTES}
NOTHING = {"type": "http.response.body", "body": b""}


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["method"] == "POST":
        await _echo(receive, send)
    elif scope["type"] == "http" and "/p/" in scope["path"]:
        await send(PAGE)
        await send(PAGE_BODY)
    elif scope["type"] == "http":
        await send(REDIRECT)
        await send(NOTHING)


async def _echo(receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    answer = json.dumps(json.loads(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def made() -> Any:
    settle_in()
    return application


def main(port: int, workers: int = 1) -> None:
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server.mp import MPServer

    multiprocessing.set_start_method("fork", force=True)
    MPServer(
        "bench.bare:made",
        factory=True,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        address="127.0.0.1",
        port=port,
        workers=workers,
        websockets=False,
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_STOP,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
