"""A test conversion told step by step while it runs, as server-sent events; the receipt is the last of them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request

from funnelproof.errors import Problem
from funnelproof.proofs.attempt import Tell
from funnelproof.proofs.receipt import Step
from funnelproof.proofs.requests import ReceiptView, StepToldView, step_view
from funnelproof.web.problems import InternalError, body_of

log = logging.getLogger(__name__)
EVENTS = "text/event-stream"
AS_EVENTS: dict[str, Any] = {
    "description": "The receipt; as events: `step` for each step that is done, then `receipt`, or `problem`.",
    "content": {EVENTS: {"schema": {"type": "string"}}},
}
Queue = asyncio.Queue[StepToldView | None]
_RUNNING: set[asyncio.Task[ReceiptView]] = set()
"""Tests whose watcher may have gone: they finish all the same, so that no run stays open."""


def wants_events(headers: Mapping[str, str]) -> bool:
    """A request that may be repeated is answered by what can be kept: the receipt alone."""
    return EVENTS in headers.get("accept", "") and "idempotency-key" not in headers


async def events_of(request: Request, run: Callable[[Tell], Awaitable[ReceiptView]]) -> AsyncIterator[str]:
    """Refused as any request is, as long as no step was done."""
    told: Queue = asyncio.Queue()
    task = asyncio.ensure_future(_watched(run, told))
    _RUNNING.add(task)
    task.add_done_callback(_RUNNING.discard)
    first = await told.get()
    if first is None:
        await task
    return _events(request, task, told, first)


async def _watched(run: Callable[[Tell], Awaitable[ReceiptView]], told: Queue) -> ReceiptView:
    def tell(variant_id: str, step: Step) -> None:
        told.put_nowait(StepToldView(variant_id=variant_id or None, step=step_view(step)))

    try:
        return await run(tell)
    finally:
        told.put_nowait(None)


async def _events(
    request: Request, task: asyncio.Task[ReceiptView], told: Queue, first: StepToldView | None
) -> AsyncIterator[str]:
    step = first
    while step is not None:
        yield _event("step", _text(step))
        step = await told.get()
    try:
        yield _event("receipt", _text(await asyncio.shield(task)))
    except Problem as problem:
        yield _problem(request, problem)
    except Exception:
        log.exception("a test conversion broke after its first step")
        yield _problem(request, InternalError())


def _problem(request: Request, problem: Problem) -> str:
    told = body_of(problem, request_id=request.state.request_id, instance=request.url.path)
    return _event("problem", told.decode())


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"


def _text(view: BaseModel) -> str:
    return view.model_dump_json(by_alias=True)
