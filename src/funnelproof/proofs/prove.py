"""The test conversion: per variant a click, a conversion, and every way it must be refused, through the live doors."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic.alias_generators import to_camel

from funnelproof.audit.act import Act
from funnelproof.clicks import store as clicks
from funnelproof.clicks.cache import RouteCache
from funnelproof.clock import SECOND, local_day
from funnelproof.conversions import key_store as keys
from funnelproof.conversions import store as conversions
from funnelproof.installation import Installation
from funnelproof.links.ctx import InvalidCtx, open_ctx
from funnelproof.links.link import UTM_TAGS, Link
from funnelproof.money import decimal_text, read_money
from funnelproof.notifications.deliver import Courier
from funnelproof.proofs import steps
from funnelproof.proofs.attempt import Attempt
from funnelproof.proofs.page_ready import PageReady
from funnelproof.proofs.probe import Probe
from funnelproof.proofs.receipt import STEPS, Step, VariantReceipt
from funnelproof.proofs.run import Opened, advance, finish, open_run
from funnelproof.proofs.store import Run
from funnelproof.proofs.wanted import Wanted, wanted_of
from funnelproof.proofs.webhook_signed import webhook_signed
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.worlds.world import LIVE, run_token

T = TypeVar("T")
TEST_TAGS = {"utm_source": "funnelproof", "utm_medium": "test", "utm_campaign": "test-conversion"}
NO_CTX = "there is no ctx to do this with"
NO_CONVERSION = "there is no conversion to do this with"


async def prove(
    home: Installation,
    routes: RouteCache,
    courier: Courier,
    handle: str,
    campaign_id: str,
    *,
    asked: Mapping[str, Any],
    act: Act,
) -> Run:
    """Run the test conversion and leave its receipt. `asked`: variant_id, value, currency, event_type, seed."""
    seed = asked.get("seed") or "funnelproof"

    def opened(tx: Transaction) -> tuple[Opened, Wanted]:
        is_usual = asked.get("event_type") is None
        made = open_run(tx, handle, campaign_id, seed=seed, starts_at=None, opens_gate=is_usual, act=act)
        return made, wanted_of(made.world.snapshot.campaign, asked, seed)

    made, wanted = await home.database.write(opened)
    test = _Test(home, routes, made, wanted)
    receipts = await test.run(courier)
    return await home.database.write(lambda tx: finish(tx, made.run, receipts, home.clock.now()))


class _Test:
    def __init__(self, home: Installation, routes: RouteCache, opened: Opened, wanted: Wanted) -> None:
        self.home, self.run_row, self.world, self.wanted = home, opened.run, opened.world, wanted
        self.campaign = opened.world.snapshot.campaign
        self.set_aside = opened.set_aside
        token = run_token(opened.run.handle, opened.run.run_id, home.keyring, home.clock.now())
        self.probe = Probe(home, routes, run_token=token, request_id=opened.run.request_id or opened.run.run_id)
        self.page_ready = PageReady(home, routes, self.probe)
        self.attempts = [Attempt(number, variant_id, {}) for number, variant_id in wanted.variants]

    @property
    def link(self) -> Link:
        link = self.world.snapshot.primary_link
        assert link is not None  # noqa: S101 - a run is not opened without one
        return link

    async def run(self, courier: Courier) -> tuple[VariantReceipt, ...]:
        began = time.perf_counter()
        signed = await webhook_signed(self.home.database, courier, self.run_row)
        for attempt in self.attempts:
            attempt.note(signed, began)
        for attempt in self.attempts:
            await self._click(attempt)
            await self._convert(attempt)
            await self._refusals(attempt)
            await self._read_back(attempt)
            await self._timed(attempt, "page_ready", self._page_ready)
        await self._let_expire()
        for attempt in self.attempts:
            await self._timed(attempt, "live_untouched", self._live_untouched)
        return tuple(self._receipt(attempt) for attempt in self.attempts)

    async def _timed(self, attempt: Attempt, id_: str, work: Callable[[Attempt], Awaitable[Step]]) -> None:
        began = time.perf_counter()
        attempt.note(replace(await work(attempt), id=id_), began)

    async def _click(self, attempt: Attempt) -> None:
        await self._timed(attempt, "link_resolves", self._link_resolves)
        await self._timed(attempt, "click_recorded", self._click_recorded)
        await self._timed(attempt, "ctx_minted", self._ctx_minted)
        await self._timed(attempt, "ctx_fresh", self._ctx_fresh)

    async def _link_resolves(self, attempt: Attempt) -> Step:
        who = "visitor=test" + (f"; variant={attempt.variant_id}" if attempt.variant_id else "")
        query = "&".join(f"{name}={value}" for name, value in TEST_TAGS.items())
        attempt.click = await self.probe.click(self.run_row.handle, self.link.slug, query=query, who=who)
        variant = self.campaign.variant(attempt.variant)
        destination = (variant.destination_url if variant else None) or self.link.destination_url
        return steps.link_resolves(attempt.click, destination, self.set_aside)

    async def _click_recorded(self, attempt: Attempt) -> Step:
        click_id = f"clk_{attempt.click.stamp}" if attempt.click else ""
        row = await self._read(lambda tx: clicks.find_click(tx, self.run_row.handle, self.run_row.run_id, click_id))
        tags = {name: value for name, value in self.link.tracking.items() if name in UTM_TAGS} | TEST_TAGS
        return steps.click_recorded(row, variant=attempt.variant, variant_id=attempt.variant_id, tags=tags)

    async def _ctx_minted(self, attempt: Attempt) -> Step:
        why_not: str | None = "the redirect carries no ctx"
        try:
            attempt.ctx = (
                open_ctx(attempt.click.ctx, self.home.keyring) if attempt.click and attempt.click.ctx else None
            )
        except InvalidCtx as problem:
            why_not = problem.detail
        return steps.ctx_minted(attempt.ctx, why_not, handle=self.run_row.handle, campaign_id=self.campaign.campaign_id)

    async def _ctx_fresh(self, attempt: Attempt) -> Step:
        if attempt.ctx is None:
            return steps.skipped("ctx_fresh", NO_CTX)
        return steps.ctx_fresh(attempt.ctx, self.campaign.attribution_window // SECOND)

    async def _convert(self, attempt: Attempt) -> None:
        if attempt.ctx is None:
            for id_ in ("conversion_recorded", "replay_deduplicated"):
                attempt.steps[id_] = steps.skipped(id_, NO_CTX)
            return
        await self._timed(attempt, "conversion_recorded", self._conversion_recorded)
        await self._timed(attempt, "replay_deduplicated", self._replay_deduplicated)

    def _body(self, attempt: Attempt, **other: Any) -> dict[str, Any]:
        told = {
            "ctx": attempt.click.ctx if attempt.click else "",
            "idempotencyKey": f"test:{self.wanted.seed}:{attempt.variant_id or 'all'}",
            "eventType": self.wanted.event_type,
            "value": self.wanted.value,
            "currency": self.wanted.currency,
        }
        return told | other

    async def _conversion_recorded(self, attempt: Attempt) -> Step:
        attempt.first = await self.probe.convert(**self._body(attempt))
        expected = {
            "campaignId": self.campaign.campaign_id,
            "variantId": attempt.variant_id or None,
            "value": self.wanted.value,
            "currency": self.wanted.currency,
        }
        return steps.conversion_recorded(attempt.first, expected)

    async def _replay_deduplicated(self, attempt: Attempt) -> Step:
        assert attempt.first is not None  # noqa: S101 - taken just before
        return steps.replay_deduplicated(await self.probe.convert(**self._body(attempt)), attempt.first)

    async def _refusals(self, attempt: Attempt) -> None:
        if attempt.ctx is None:
            for id_ in ("key_reuse_refused", "tampered_ctx_refused"):
                attempt.steps[id_] = steps.skipped(id_, NO_CTX)
            return
        await self._timed(attempt, "key_reuse_refused", self._key_reuse_refused)
        await self._timed(attempt, "tampered_ctx_refused", self._tampered_ctx_refused)

    async def _key_reuse_refused(self, attempt: Attempt) -> Step:
        other = decimal_text(read_money(self.wanted.value, self.wanted.currency).minor + 1, self.wanted.currency)
        seen = await self.probe.convert(**self._body(attempt, value=other))
        expected = {"status": 422, "error": "idempotency_key_reused", "differs": ["/value"]}
        return steps.refusal("key_reuse_refused", seen, expected)

    async def _tampered_ctx_refused(self, attempt: Attempt) -> Step:
        tampered = tamper(attempt.click.ctx if attempt.click else "")
        seen = await self.probe.convert(
            **self._body(attempt, ctx=tampered, idempotencyKey=f"tampered:{self.wanted.seed}")
        )
        return steps.refusal(
            "tampered_ctx_refused", seen, {"status": 400, "error": "invalid_ctx", "reason": "bad_signature"}
        )

    async def _let_expire(self) -> None:
        """Move the run's clock past the life of every ctx, then try each of them."""
        seconds = self.campaign.ctx_ttl_seconds + 1
        await self.home.database.write(
            lambda tx: advance(tx, self.run_row.handle, self.campaign.campaign_id, self.run_row.run_id, seconds)
        )
        for attempt in self.attempts:
            if attempt.ctx is None:
                attempt.steps["expired_ctx_refused"] = steps.skipped("expired_ctx_refused", NO_CTX)
            else:
                await self._timed(attempt, "expired_ctx_refused", self._expired_ctx_refused)

    async def _expired_ctx_refused(self, attempt: Attempt) -> Step:
        key = f"expired:{self.wanted.seed}:{attempt.variant_id or 'all'}"
        seen = await self.probe.convert(**self._body(attempt, idempotencyKey=key))
        return steps.refusal("expired_ctx_refused", seen, {"status": 400, "error": "invalid_ctx", "reason": "expired"})

    async def _read_back(self, attempt: Attempt) -> None:
        if attempt.first is None or attempt.first.status != 201:
            for id_ in ("attributed", "funnel_counted_in_test"):
                attempt.steps[id_] = steps.skipped(id_, NO_CONVERSION)
            return
        await self._timed(attempt, "attributed", self._attributed)
        await self._timed(attempt, "funnel_counted_in_test", self._funnel_counted)

    async def _attributed(self, attempt: Attempt) -> Step:
        conversion_id = str(attempt.first.body["conversionId"]) if attempt.first else ""
        ids = {conversion_id}
        found = await self._read(lambda tx: conversions.by_ids(tx, self.run_row.handle, self.run_row.run_id, ids))
        click_id = f"clk_{attempt.click.stamp}" if attempt.click else ""
        return steps.attributed(
            found.get(conversion_id), click_id=click_id, slug=self.link.slug, variant=attempt.variant
        )

    async def _funnel_counted(self, attempt: Attempt) -> Step:
        """The counters of this variant in the run's world are exactly what this variant did."""
        day = local_day(self.world.clock_at, self.world.snapshot.handle.zone_at(self.world.clock_at))
        rows = await self._read(
            lambda tx: tallies.days(
                tx,
                handle=self.run_row.handle,
                worlds=[self.run_row.run_id],
                campaign_id=self.campaign.campaign_id,
                dimension="variant",
                between=(day, day),
            )
        )
        own = [row for row in rows if row["value"] == str(attempt.variant)]
        names = ("clicks", "qualified_clicks", "visitors", "conversions", "converters")
        observed: dict[str, Any] = {to_camel(name): sum(row[name] for row in own) for name in names}
        observed["revenue"] = {
            row["currency"]: decimal_text(row["gross_minor"], row["currency"]) for row in own if row["currency"]
        }
        expected = {**dict.fromkeys(map(to_camel, names), 1), "revenue": {self.wanted.currency: self.wanted.value}}
        return steps.compared("funnel_counted_in_test", expected, observed)

    async def _live_untouched(self, attempt: Attempt) -> Step:
        click_id = f"clk_{attempt.click.stamp}" if attempt.click else ""
        visitor = attempt.ctx.visitor if attempt.ctx else ""
        key = str(self._body(attempt)["idempotencyKey"])

        def live_rows(tx: Transaction) -> int:
            handle = self.run_row.handle
            clicked = clicks.find_click(tx, handle, LIVE, click_id) is not None
            met = clicks.is_known(tx, handle, LIVE, (self.campaign.campaign_id, visitor))
            taken = keys.key_row(tx, handle, LIVE, key)
            return clicked + met + (taken is not None and taken["click_id"] == click_id)

        rows = await self._read(live_rows)
        return steps.live_untouched(
            live_rows=rows, moved_worlds=self.probe.lane.moved_worlds, run_id=self.run_row.run_id
        )

    async def _page_ready(self, attempt: Attempt) -> Step:
        return await self.page_ready.step(
            self.run_row.handle,
            self.campaign.campaign_id,
            named=self.campaign.details_page_slug,
            variant_id=attempt.variant_id,
            ctx=attempt.click.ctx if attempt.click else "",
        )

    async def _read(self, fn: Callable[[Transaction], T]) -> T:
        return await self.home.database.read(fn)

    def _receipt(self, attempt: Attempt) -> VariantReceipt:
        ordered = tuple(attempt.steps[id_] for id_ in STEPS if id_ in attempt.steps)
        first = attempt.first.body if attempt.first else {}
        return VariantReceipt(
            variant=attempt.variant,
            variant_id=attempt.variant_id,
            steps=ordered,
            ctx=attempt.click.ctx or None if attempt.click else None,
            click_id=attempt.ctx.click_id if attempt.ctx else None,
            conversion_id=first.get("conversionId"),
        )


def tamper(ctx: str) -> str:
    """The same ctx with one character of its signed part changed."""
    at = len(ctx) // 2
    return ctx[:at] + ("A" if ctx[at : at + 1] != "A" else "B") + ctx[at + 1 :]
