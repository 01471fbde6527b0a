"""A door for one form of address beside the control plane: open to all origins, with bodies of its own kind."""

import re
from collections.abc import Awaitable, Callable

from starlette.responses import Response

from funnelproof.errors import Problem
from funnelproof.web.edge import (
    CORS,
    PREFLIGHT,
    Asgi,
    EdgeAnswer,
    EdgeRequest,
    Receive,
    Scope,
    Send,
    problem_answer,
    read_request,
)
from funnelproof.web.gates import log
from funnelproof.web.problems import InternalError

NamedDoor = Callable[[EdgeRequest, str], Awaitable[EdgeAnswer]]
"""What stands in the pattern's only group is handed to it."""
ALLOWED = (b"access-control-allow-methods", b"POST, OPTIONS")


def beside(behind: Asgi, path: re.Pattern[str], post: NamedDoor) -> Asgi:
    """POST at `path` goes to the door, and a browser may ask with OPTIONS before; all else is for what is behind."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        found = path.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None or scope["method"] not in ("POST", "OPTIONS"):
            await behind(scope, receive, send)
            return
        request = read_request(scope, receive)
        if request.method == "OPTIONS":
            answered = EdgeAnswer(204, headers=[*PREFLIGHT, ALLOWED])
        else:
            answered = await _answer(post, request, found[1])
            answered.headers += CORS
        await _response(answered, request)(scope, receive, send)

    return answer


async def _answer(door: NamedDoor, request: EdgeRequest, name: str) -> EdgeAnswer:
    try:
        return await door(request, name)
    except Problem as problem:
        return problem_answer(problem, request)
    except Exception:
        log.exception("request %s broke", request.request_id)
        return problem_answer(InternalError(), request)


def _response(answer: EdgeAnswer, request: EdgeRequest) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers += answer.headers
    response.raw_headers += [
        (b"x-request-id", request.request_id.encode("latin-1")),
        (b"x-content-type-options", b"nosniff"),
    ]
    if answer.media_type:
        response.raw_headers.append((b"content-type", answer.media_type.encode("latin-1")))
    return response
