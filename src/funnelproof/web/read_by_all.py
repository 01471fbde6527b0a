"""Routes of the control plane whose answers the pages of all origins may read, without credentials of theirs."""

import re
from collections.abc import MutableMapping
from typing import Any

from funnelproof.web.edge import CORS, PREFLIGHT, Asgi, Receive, Scope, Send, read_request

ALLOWED = (b"access-control-allow-methods", b"GET, OPTIONS")


def read_by_all(behind: Asgi, paths: re.Pattern[str]) -> Asgi:
    """`paths` are read by GET; a browser may ask with OPTIONS before."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not paths.fullmatch(scope["path"]):
            await behind(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            request_id = read_request(scope, receive).request_id.encode("latin-1")
            headers = [*PREFLIGHT, ALLOWED, (b"x-request-id", request_id)]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            await behind(scope, receive, _opened(scope, send))

    return answer


def _opened(scope: Scope, send: Send) -> Send:
    async def opened(message: MutableMapping[str, Any]) -> None:
        is_start = message["type"] == "http.response.start" and scope["method"] in ("GET", "HEAD")
        await send({**message, "headers": [*message["headers"], *CORS]} if is_start else message)

    return opened
