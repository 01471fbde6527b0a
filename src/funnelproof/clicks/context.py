"""GET /v2/public/context: what a ctx says and whether it is usable, to whoever holds it."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

from funnelproof.access.who import at_a_door
from funnelproof.campaigns import store as campaigns
from funnelproof.clicks.cache import RouteCache
from funnelproof.clock import Micros, iso
from funnelproof.installation import Installation
from funnelproof.links.address import parts_of
from funnelproof.links.ctx import Ctx, InvalidCtx, Mode, Reason, check_times, key_is_known, open_ctx
from funnelproof.web.edge import NO_STORE, EdgeAnswer, EdgeRequest
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import World


class ContextDoor:
    def __init__(self, home: Installation, routes: RouteCache) -> None:
        self._home, self._routes = home, routes

    async def __call__(self, request: EdgeRequest) -> EdgeAnswer:
        await at_a_door(self._home, request.scope)
        text = parse_qs("&".join(parts_of(request.query))).get("ctx", [""])[0]
        body = {**await self._context(text), "requestId": request.request_id}
        return EdgeAnswer(200, json.dumps(body).encode(), "application/json", [NO_STORE])

    async def _context(self, text: str) -> dict[str, Any]:
        """Nothing about its content is told unless its signature holds; never its click or visitor."""
        if text and not key_is_known(text, self._home.keyring):
            await asyncio.to_thread(self._home.keyring.refresh)
        try:
            ctx = open_ctx(text, self._home.keyring)
        except InvalidCtx as problem:
            return {"usable": False, "reason": problem.reason.value, "detail": problem.detail}
        return await self._told(ctx)

    async def _told(self, ctx: Ctx) -> dict[str, Any]:
        world = await self._world(ctx)
        told: dict[str, Any] = {"usable": True, "reason": None, "detail": None}
        try:
            check_times(ctx, self._now(ctx, world))
        except InvalidCtx as problem:
            told = {"usable": False, "reason": problem.reason.value, "detail": problem.detail}
        return told | {
            "handle": ctx.handle,
            "slug": ctx.slug,
            "campaignId": ctx.campaign or None,
            "variantId": await self._variant_id(ctx, world),
            "mode": ctx.mode.told,
            "cohort": ctx.cohort.value,
            "consent": ctx.consent.value,
            "issuedAt": iso(ctx.issued_at),
            "expiresAt": iso(ctx.expires_at),
        }

    async def _world(self, ctx: Ctx) -> World | None:
        if ctx.mode is not Mode.TEST:
            return None
        found = await self._home.database.read(lambda tx: worlds.by_numbers(tx, ctx.handle, {ctx.run}))
        return found.get(ctx.run)

    def _now(self, ctx: Ctx, world: World | None) -> Micros:
        if ctx.mode is not Mode.TEST:
            return self._home.clock.now()
        if world is None or world.closed_at is not None:
            raise InvalidCtx(Reason.WRONG_MODE, "The ctx belongs to a test run that is finished. Open a new run.")
        return world.now(self._home.clock.now())

    async def _variant_id(self, ctx: Ctx, world: World | None) -> str | None:
        if world is not None:
            return world.snapshot.campaign.variant_id(ctx.variant)
        if not ctx.campaign or not ctx.variant:
            return None
        route = await self._routes.get(ctx.handle, ctx.slug)
        if route and route.campaign and route.campaign.campaign_id == ctx.campaign:
            return route.campaign.variant_id(ctx.variant)
        names = await self._home.database.read(lambda tx: campaigns.variant_names(tx, ctx.handle, ctx.campaign))
        return names.get(ctx.variant)
