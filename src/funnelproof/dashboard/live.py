"""Live parts of a screen as server-sent events: the fragment is rendered anew, and sent when it differs."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive

from funnelproof.dashboard import render
from funnelproof.dashboard.inside import Refused
from funnelproof.dashboard.screens import campaign
from funnelproof.dashboard.visit import Visit

EVERY_SECONDS, ROUNDS = 3.0, 20
"""A stream ends after a minute and the browser opens the next: so a stopping server waits for none for long."""


async def stream(visit: Visit, receive: Receive) -> Response:
    first = await _fragment(visit)
    events = _events(visit, receive, first)
    return StreamingResponse(events, media_type="text/event-stream", headers=render.HEADERS)


async def _events(visit: Visit, receive: Receive, last: str) -> AsyncIterator[str]:
    yield "retry: 2000\n" + _event(last)
    gone = asyncio.ensure_future(receive())
    try:
        for _ in range(ROUNDS):
            await asyncio.wait({gone}, timeout=EVERY_SECONDS)
            if gone.done() and gone.result()["type"] == "http.disconnect":
                return
            fresh = await _fragment(visit)
            yield _event(fresh) if fresh != last else ": still here\n\n"
            last = fresh
    except Refused:
        return
    finally:
        gone.cancel()


def _event(fragment: str) -> str:
    return f"data: {json.dumps(fragment)}\n\n"


async def _fragment(visit: Visit) -> str:
    """Of a campaign's overview, the only live screen so far."""
    visit.calls.clear()
    return render.fragment("_figures.html", await campaign.figures(visit), visit)
