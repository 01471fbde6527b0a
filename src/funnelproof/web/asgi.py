"""The little of ASGI that gates need: reading one header, answering a problem."""

from starlette.types import Scope, Send

from funnelproof.errors import Problem
from funnelproof.web.problems import MEDIA_TYPE, body_of, headers_of, status_of


def header_values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def header(scope: Scope, name: bytes) -> str | None:
    """The first value of a header; `name` in lower case."""
    return next(iter(header_values(scope, name)), None)


async def answer_problem(scope: Scope, send: Send, problem: Problem) -> None:
    body = body_of(problem, request_id=scope["state"]["request_id"], instance=scope["path"])
    headers = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), *headers_of(problem)]
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status_of(problem), "headers": raw})
    await send({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})
