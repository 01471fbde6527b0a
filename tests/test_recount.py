"""The recount agrees with counters that were moved by real traffic, and finds each one that was not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from cast import HANDLE, make_cast
from conftest import MakeInstallation
from funnelproof.app import Application
from funnelproof.clock import DAY, HOUR, SetClock, iso
from funnelproof.installation import Installation
from funnelproof.recount.compare import Report, recount
from funnelproof.storage.database import Transaction

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"
CAMPAIGN = "new-buyer-funnel"
WHERE = f"/v2/handles/{HANDLE}/campaigns"
TAGS = "utm_source=mail&utm_medium=email&utm_campaign=spring"
NEW_CAMPAIGN = {
    "campaignId": CAMPAIGN,
    "name": "New buyer funnel",
    "goalType": "PRODUCT_SALE",
    "currency": "USD",
    "status": "ACTIVE",
    "countingRule": "EVERY",
    "maxPerClick": 2,
    "primaryLink": {"slug": "buy-now", "destinationUrl": "https://shop.gharart.example/new"},
    "variants": [
        {"variantId": "a", "weight": 50, "control": True},
        {"variantId": "b", "weight": 50, "destinationUrl": "https://shop.gharart.example/new-b"},
    ],
}


@dataclass
class Traffic:
    """What people, bots and the shop send; each person has a cookie of its own."""

    http: httpx2.AsyncClient
    clock: SetClock
    headers: dict[str, str]

    async def click(self, person: int | None, query: str = TAGS, method: str = "GET", **headers: str) -> str:
        """The ctx that the click brings."""
        cookie = {} if person is None else {"cookie": f"fp_vid={person * 7919:032x}"}
        answer = await self.http.request(
            method, f"/{HANDLE}/buy-now?{query}", headers={"user-agent": BROWSER, **cookie, **headers}
        )
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"].rpartition("ctx=")[2])

    async def convert(self, ctx: str, key: str, expected: int = 201, **body: Any) -> None:
        body = {"value": "49.90", "currency": "USD", **body}
        answer = await self.http.post("/v2/public/conversions", json={"ctx": ctx, "idempotencyKey": key, **body})
        assert answer.status_code == expected, answer.text

    async def ask(self, method: str, path: str, body: object = None) -> None:
        answer = await self.http.request(method, path, json=body, headers=self.headers)
        assert answer.is_success, answer.text


async def _live(traffic: Traffic) -> None:
    await traffic.ask("POST", WHERE, NEW_CAMPAIGN)
    await asyncio.gather(*(traffic.click(person) for person in range(40)))
    await traffic.click(None, **{"user-agent": BOT})
    await traffic.click(3, method="HEAD")
    await traffic.click(99, **{"sec-purpose": "prefetch"})
    await traffic.click(99, "utm_source=other")
    await traffic.click(None, **{"sec-gpc": "1"})
    await traffic.click(None, "fp_consent=denied")
    traffic.clock.advance(2 * HOUR)
    for person in range(10):
        ctx = await traffic.click(person, "")
        await traffic.convert(ctx, f"order-{person}", value=f"{person}.50")
        await traffic.convert(ctx, f"order-{person}", 200, value=f"{person}.50")
        await traffic.convert(ctx, f"order-{person}", 422, value="7.77")
    traffic.clock.advance(DAY)
    ctx = await traffic.click(3)
    for number in range(4):
        await traffic.convert(ctx, f"again-{number}")
    await traffic.convert(ctx, "other-event", eventType="refund_asked")
    await traffic.convert(ctx, "other-currency", currency="EUR")
    await traffic.http.post("/v2/public/conversions", json={"ctx": ctx, "idempotencyKey": "no-value"})
    await traffic.http.post("/v2/public/arrivals", json={"ctx": await traffic.click(77)})
    bots = await traffic.click(None, **{"user-agent": BOT})
    await traffic.convert(bots, "bots-order")


async def _changed(traffic: Traffic) -> None:
    """Other weights and other tags asked for, then paused; and a test conversion."""
    variants = [
        {**variant, "weight": weight} for variant, weight in zip(NEW_CAMPAIGN["variants"], (10, 90), strict=True)
    ]  # type: ignore[call-overload]
    await traffic.ask("PATCH", f"{WHERE}/{CAMPAIGN}", {"variants": variants, "tagPolicy": {"required": ["utm_source"]}})
    traffic.clock.advance(HOUR)
    await asyncio.gather(*(traffic.click(person, "utm_source=mail") for person in range(30, 60)))
    await traffic.ask("POST", f"{WHERE}/{CAMPAIGN}/test-conversion", {})
    await traffic.ask("POST", f"{WHERE}/{CAMPAIGN}/transitions", {"to": "PAUSED"})
    ctx = await traffic.click(500)
    await traffic.convert(ctx, "while-paused")
    await traffic.convert(ctx, "while-paused-too", value="12.00")
    now = traffic.clock.now()
    stretch = {"from": iso(now - HOUR), "to": iso(now + HOUR)}
    await traffic.ask("POST", f"/v2/handles/{HANDLE}/conversions/release", stretch)
    await traffic.convert(ctx, "paused-still")


@pytest.fixture
def home(make_installation: MakeInstallation, engine_kind: str, clock: SetClock) -> Installation:
    """An installation that has lived through all of this."""
    home = make_installation(engine_kind)
    token = make_cast(home).token("campaigns.*", "conversions.write")

    async def live() -> None:
        application = Application(home)
        await application.start()
        transport = httpx2.ASGITransport(application)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
            traffic = Traffic(http, clock, token.headers)
            await _live(traffic)
            await _changed(traffic)
        await application.jobs.stop()

    asyncio.run(live())
    return home


def counted(home: Installation) -> Report:
    return recount(home.database, now=home.clock.now())


def test_counters_moved_by_traffic_equal_the_recount(home: Installation) -> None:
    report = counted(home)
    assert report.differences == []
    assert report.equal > 300
    worlds = {sums.world for sums in report.sums}
    assert "live" in worlds
    assert any(world.startswith("run_") for world in worlds)
    live = next(sums for sums in report.sums if sums.world == "live")
    assert live.counters["conversions"] == 10 + 2 + 1 + 2


PLANTED = [
    ("update day_tallies set clicks = clicks + 1 where dimension = 'slug'", "day_tallies", "clicks"),
    ("update day_tallies set net_minor = 0 where dimension = 'all'", "day_tallies", "net_minor"),
    ("delete from day_tallies where dimension = 'variant'", "day_tallies", "visitors"),
    ("update phase_tallies set squares_low = squares_low + 1", "phase_tallies", "squares"),
    ("update phase_tallies set converters = converters - 1", "phase_tallies", "converters"),
    ("update quarter_tallies set amount = amount + 1 where subject = 'tagged'", "quarter_tallies", "tagged"),
    ("update quarter_tallies set amount = 0 where subject = 'by_variant'", "quarter_tallies", "by_variant"),
    ("update ledger set test_conversions = test_conversions + 1", "ledger", "test_conversions"),
    ("delete from ledger", "ledger", "row"),
    ("update ledger_money set gross_minor = gross_minor + 1", "ledger_money", "gross_minor"),
    ("delete from conversions", "ledger", "conversions"),
    ("delete from clicks", "day_tallies", "clicks"),
]


class Undone(Exception):  # noqa: N818 - it undoes, nothing went wrong
    """Rolls a planted difference back."""


class Within:
    """Reads as the database would after a transaction that is still open."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def read_now(self, read: Callable[[Transaction], Any]) -> Any:
        return read(self._tx)


def recounted_after(home: Installation, change: Callable[[Transaction], Any]) -> Report:
    found: list[Report] = []

    def work(tx: Transaction) -> None:
        change(tx)
        found.append(recount(Within(tx), now=home.clock.now()))
        raise Undone

    with pytest.raises(Undone):
        home.database.write_now(work)
    return found[0]


def test_each_planted_difference_is_found(home: Installation) -> None:
    for plant, table, counter in PLANTED:
        report = recounted_after(home, lambda tx, plant=plant: tx.execute(text(plant)))
        assert report.different > 0, plant
        assert (table, counter) in {(one.table, one.counter) for one in report.differences}, plant
        assert all(one.stored != one.recounted for one in report.differences)
    assert counted(home).differences == []


def test_counters_under_several_slots_are_summed(home: Installation) -> None:
    """Two workers moved one counter: half of it stands under another slot."""

    def spread(tx: Transaction) -> None:
        columns = "handle, world, campaign_id, quarter, subject, name"
        tx.execute(text(f"insert into quarter_tallies select {columns}, 5, 1 from quarter_tallies"))  # noqa: S608
        tx.execute(text("update quarter_tallies set amount = amount - 1 where slot = 0"))

    assert recounted_after(home, spread).differences == []
