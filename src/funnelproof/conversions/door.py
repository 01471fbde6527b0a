"""POST /v2/public/conversions and /v2/public/arrivals: bytes in, one answer out, nothing in between but the lane."""

import asyncio
import json
from typing import Any

from funnelproof.access.caller import InsufficientScope
from funnelproof.access.roles import grants
from funnelproof.access.who import Recognised, at_a_door, says_who
from funnelproof.clock import from_iso
from funnelproof.conversions.arrive import Arrival, arrive
from funnelproof.conversions.conversion import Claim
from funnelproof.conversions.record import Recorded, record
from funnelproof.conversions.request import digest_of, plain, read_arrival, read_body
from funnelproof.conversions.view import view_of
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.links.ctx import Ctx, InvalidCtx, key_is_known, open_ctx
from funnelproof.web.edge import NO_STORE, EdgeAnswer, EdgeRequest
from funnelproof.web.problems import WrongMediaType

MAX_BODY = 16_384
MEDIA_TYPES = ("application/json", "text/plain")
JSON = "application/json"
SCOPE = "conversions.write"
WRITTEN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class ConversionDoor:
    def __init__(self, home: Installation) -> None:
        self._home = home
        self.unverified: dict[str, int] = {}

    async def convert(self, request: EdgeRequest) -> EdgeAnswer:
        speaker = await at_a_door(self._home, request.scope) if says_who(request.headers) else None
        _check_media_type(request)
        told = read_body(await request.body(MAX_BODY))
        claim = await self._claim(request, told, speaker)
        request.handle = claim.ctx.handle
        recorded: Recorded = await self._home.lane.submit(record, claim, handle=claim.ctx.handle)
        return _json(201 if recorded.is_new else 200, view_of(recorded))

    async def arrive(self, request: EdgeRequest) -> EdgeAnswer:
        await at_a_door(self._home, request.scope)
        _check_media_type(request)
        ctx = await self.open(read_arrival(await request.body(MAX_BODY)))
        arrival = Arrival(ctx, self._home.clock.now())
        is_first = await self._home.lane.submit(arrive, arrival, handle=arrival.ctx.handle)
        return _json(200, {"status": "ARRIVED" if is_first else "SEEN_BEFORE", "requestId": request.request_id})

    async def open(self, text: str) -> Ctx:
        """A ctx whose signature holds; an unknown key has the keys read again first."""
        if text and not key_is_known(text, self._home.keyring):
            await asyncio.to_thread(self._home.keyring.refresh)
        try:
            return open_ctx(text, self._home.keyring)
        except InvalidCtx as problem:
            self.unverified[problem.reason] = self.unverified.get(problem.reason, 0) + 1
            raise

    async def _claim(self, request: EdgeRequest, told: dict[str, Any], speaker: Recognised | None) -> Claim:
        ctx = await self.open(told.get("ctx") or "")
        return self.claim(
            f"cnv_{request.stamp}",
            ctx,
            told,
            is_trusted=_is_trusted(speaker, ctx.handle),
            request_id=request.request_id,
        )

    def claim(self, conversion_id: str, ctx: Ctx, told: dict[str, Any], *, is_trusted: bool, request_id: str) -> Claim:
        """What a body whose shape holds says, with its ctx opened."""
        expect = told.get("expect") or {}
        return Claim(
            conversion_id,
            ctx,
            told["idempotencyKey"],
            digest_of(told),
            event_type=told.get("eventType"),
            value_text=str(told["value"]) if told.get("value") is not None else None,
            currency=told.get("currency"),
            occurred_at=from_iso(told["occurredAt"]) if told.get("occurredAt") else None,
            customer=self._customer(ctx, told.get("customerKey")),
            properties=plain(told["properties"]) if told.get("properties") else None,
            expected_handle=expect.get("handle"),
            expected_campaign=expect.get("campaignId"),
            is_trusted=is_trusted,
            received_at=self._home.clock.now(),
            request_id=request_id,
        )

    def _customer(self, ctx: Ctx, customer_key: str | None) -> str | None:
        """Who buys is kept only as a keyed hash, another one in each handle."""
        if customer_key is None:
            return None
        key = self._home.keyring.signing(Purpose.CUSTOMER)
        return key.tag(f"{ctx.handle}\0{customer_key}".encode())[:16].hex()


def _is_trusted(speaker: Recognised | None, handle: str) -> bool:
    """Whether a server of the handle speaks: a token of it with the scope."""
    if speaker is None or speaker.token is None or speaker.token.handle != handle:
        return False
    if not grants(speaker.caller.scopes, SCOPE):
        raise InsufficientScope(f"This token lacks the scope {SCOPE}. Make a token that has it, or send none.")
    return True


def _check_media_type(request: EdgeRequest) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise WrongMediaType(
            f"This route takes {' or '.join(MEDIA_TYPES)}, not {media_type[:40] or 'a body without a type'}."
        )


def _json(status: int, body: dict[str, Any]) -> EdgeAnswer:
    return EdgeAnswer(status, WRITTEN.encode(body).encode(), JSON, [NO_STORE])
