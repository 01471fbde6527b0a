"""The audit of a handle: who asked for what, listed and exported."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from funnelproof.audit import store
from funnelproof.audit.line import Line
from funnelproof.campaigns.routes import HandleName
from funnelproof.clock import iso
from funnelproof.installation import Installation
from funnelproof.ledger.write import usage_of
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.web.shape import ShownMoment, View

BASE = "/v2/handles/{handle}/audit"
NDJSON = "application/x-ndjson"
Actor = Annotated[str | None, Query(max_length=64, description="Only of this actor: `user:usr_…` or `token:tok_…`.")]
OfRequest = Annotated[str | None, Query(alias="requestId", max_length=128, description="Only of this request.")]
EXPORTED: dict[str, Any] = {
    "description": "One line of JSON for each, from the first of the chain.",
    "content": {NDJSON: {"schema": {"type": "string"}}},
}


class AuditLineView(View):
    """`asked` is the request's body without secrets. `seq` and `hash` are its place in the chain, a moment later."""

    line_id: str
    at: ShownMoment
    actor: str
    method: str
    route: str
    objects: dict[str, str]
    asked: Any
    request_id: str
    seq: int | None
    hash: str | None


class UsageView(View):
    """Writes of the handle's local day."""

    writes: int
    writes_per_day: int
    resets_in_seconds: int


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["support"])

    @router.get(BASE)
    async def list_audit_lines(
        handle: HandleName, page: AskedPage, actor: Actor = None, request_id: OfRequest = None
    ) -> Listing[AuditLineView]:
        """Every write in this handle, newest first. Nothing is ever changed or taken out."""
        after = page.after(str)
        before = str(after[0]) if after else None
        found = await home.database.read(
            lambda tx: store.page(tx, handle, actor=actor, request_id=request_id, before=before, limit=page.rows)
        )
        shown, cursor = page.cut(found, lambda line: (line.line_id,))
        return Listing(items=[_view(line) for line in shown], next_cursor=cursor)

    @router.get(BASE + "/export", response_class=StreamingResponse, responses={200: EXPORTED})
    async def export_audit_lines(handle: HandleName) -> StreamingResponse:
        """The whole chain, to keep elsewhere: with its last hash nobody can cut it short unseen."""
        lines = await home.database.read(lambda tx: [_text(line) for line in store.in_order(tx, handle)])
        name = f'attachment; filename="{handle}-audit.ndjson"'
        return StreamingResponse(_pieces(lines), media_type=NDJSON, headers={"Content-Disposition": name})

    @router.get("/v2/handles/{handle}/usage-meters")
    async def read_usage(handle: HandleName) -> UsageView:
        """How many writes this handle has made today, how many it may, and when they begin anew."""
        now, tiers = home.clock.now(), home.settings.quota_tiers
        used, limit, left = await home.database.read(lambda tx: usage_of(tx, handle, now, tiers))
        return UsageView(writes=used, writes_per_day=limit, resets_in_seconds=left)

    return router


def _pieces(lines: list[str]) -> Iterator[str]:
    yield from lines


def _text(line: Line) -> str:
    told = {
        "seq": line.seq,
        "hash": line.hash,
        "lineId": line.line_id,
        "at": iso(line.at),
        "actor": line.actor,
        "method": line.method,
        "route": line.route,
        "objects": line.objects,
        "asked": line.asked,
        "requestId": line.request_id,
    }
    return json.dumps(told, ensure_ascii=False) + "\n"


def _view(line: Line) -> AuditLineView:
    return AuditLineView(**{name: getattr(line, name) for name in AuditLineView.model_fields})
