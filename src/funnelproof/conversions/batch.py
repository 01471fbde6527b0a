"""POST …/conversions/batch: up to 500 conversions in one request, each answered for itself, as at the edge.

They go through the lane and the verb of the edge, a slice after another, so that live traffic has its turn between.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request

from funnelproof.access.caller import Caller, Kind
from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.campaigns.routes import HandleName
from funnelproof.conversions.describe import REQUEST
from funnelproof.conversions.door import ConversionDoor
from funnelproof.conversions.record import Recorded, record
from funnelproof.conversions.request import Number, checked
from funnelproof.conversions.view import ConversionView, view_of
from funnelproof.errors import Fault, Problem, invalid_payload
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.links.ctx import InvalidCtx, Reason
from funnelproof.web import strict_json
from funnelproof.web.problems import InternalError, document, status_of
from funnelproof.web.shape import View

PATH = "/v2/handles/{handle}/conversions/batch"
MOST = 500
SLICE = 50
"""What the lane commits together takes a few milliseconds, and so does what others submit meanwhile."""
BODY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["conversions"],
    "properties": {"conversions": {"type": "array", "minItems": 1, "maxItems": MOST, "items": REQUEST}},
    "examples": [{"conversions": REQUEST["examples"]}],
}


class BatchItem(View):
    """What became of one of them: `status` as if it had been sent alone; one of `conversion` and `problem`."""

    index: int
    status: int
    conversion: ConversionView | None = None
    problem: dict[str, Any] | None = None


class BatchView(View):
    """In the order of the request. `recorded`, `duplicates` and `refused` add up to all of them."""

    recorded: int
    duplicates: int
    refused: int
    items: list[BatchItem]


def routes(home: Installation, door: ConversionDoor) -> APIRouter:
    router = APIRouter(tags=["conversions"])
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": BODY}}}}

    @router.post(PATH, openapi_extra=body)
    async def record_conversions(
        handle: HandleName, request: Request, caller: CallerOf, request_id: RequestId
    ) -> BatchView:
        """Record up to 500 conversions of this handle. Each is answered for itself; one that is refused stops none."""
        told = _read(await request.body())
        batch = _Batch(home, door, handle, caller, request_id)
        items: list[BatchItem] = []
        for at in range(0, len(told), SLICE):
            items += await batch.record(at, told[at : at + SLICE])
        return _summed(items)

    return router


def _read(body: bytes) -> list[Any]:
    told = strict_json.read(body, number=Number) if body else None
    if not isinstance(told, dict) or not isinstance(told.get("conversions"), list):
        raise invalid_payload([Fault("/conversions", "invalid", "must be a list of conversions.")])
    if unknown := sorted(told.keys() - {"conversions"}):
        faults = [Fault(f"/{strict_json.escaped(name)}"[:200], "unknown_field", "is not known.") for name in unknown]
        raise invalid_payload(faults)
    if not 1 <= len(told["conversions"]) <= MOST:
        count = len(told["conversions"])
        raise invalid_payload([Fault("/conversions", "invalid", f"must hold 1 to {MOST} conversions, not {count}.")])
    return list(told["conversions"])


class _Batch:
    def __init__(self, home: Installation, door: ConversionDoor, handle: str, caller: Caller, request_id: str) -> None:
        self._home, self._door, self._handle = home, door, handle
        self._is_trusted, self._request_id = caller.kind is Kind.TOKEN, request_id

    async def record(self, first: int, told: Sequence[Any]) -> list[BatchItem]:
        answers = await asyncio.gather(*(self._one(each) for each in told), return_exceptions=True)
        return [self._item(first + at, answer) for at, answer in enumerate(answers)]

    async def _one(self, told: Any) -> Recorded:
        body = checked(told)
        ctx = await self._door.open(body.get("ctx") or "")
        if ctx.handle != self._handle:
            raise InvalidCtx(Reason.WRONG_HANDLE, "The ctx belongs to another handle than the one of this address.")
        claim = self._door.claim(new_id("cnv"), ctx, body, is_trusted=self._is_trusted, request_id=self._request_id)
        recorded: Recorded = await self._home.lane.submit(record, claim, handle=self._handle)
        return recorded

    def _item(self, index: int, answer: Recorded | BaseException) -> BatchItem:
        if isinstance(answer, Recorded):
            view = ConversionView.model_validate(view_of(answer))
            return BatchItem(index=index, status=201 if answer.is_new else 200, conversion=view)
        problem = answer if isinstance(answer, Problem) else InternalError()
        told = document(problem, request_id=self._request_id, instance=PATH.format(handle=self._handle))
        return BatchItem(index=index, status=status_of(problem), problem=told)


def _summed(items: list[BatchItem]) -> BatchView:
    recorded, duplicates = (sum(item.status == status for item in items) for status in (201, 200))
    refused = len(items) - recorded - duplicates
    return BatchView(recorded=recorded, duplicates=duplicates, refused=refused, items=items)
