"""Live parts of a screen as server-sent events: the fragment is rendered anew, and sent when it differs."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from funnelproof.dashboard import render
from funnelproof.dashboard.inside import Refused
from funnelproof.dashboard.screens import campaign
from funnelproof.dashboard.visit import Visit

EVERY_SECONDS, ROUNDS = 3.0, 20
"""A stream ends after a minute and the browser opens the next: so a stopping server waits for none for long."""


async def stream(visit: Visit) -> Response:
    """Refused as any screen is, before it begins."""
    first = await _fragment(visit)
    return StreamingResponse(_events(visit, first), media_type="text/event-stream", headers=render.HEADERS)


async def _events(visit: Visit, last: str) -> AsyncIterator[str]:
    yield "retry: 2000\n" + _event(last)
    with contextlib.suppress(Refused):
        for _ in range(ROUNDS):
            await asyncio.sleep(EVERY_SECONDS)
            fresh = await _fragment(visit)
            yield _event(fresh) if fresh != last else ": still here\n\n"
            last = fresh


def _event(fragment: str) -> str:
    return f"data: {json.dumps(fragment)}\n\n"


async def _fragment(visit: Visit) -> str:
    """Of a campaign's overview, the only live screen so far."""
    visit.calls.clear()
    return render.fragment("_figures.html", await campaign.figures(visit), visit)
