"""A test to weigh: a campaign, visitors who click and buy over HTTP, and whole crowds put straight into the tallies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client
from funnelproof.clicks.counting import entry_name
from funnelproof.clock import Micros, SetClock, local_day
from funnelproof.installation import Installation
from funnelproof.storage.schema import ledger
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import Moves, Place, squares

CAMPAIGNS = f"/v2/handles/{HANDLE}/campaigns"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
FUNNEL: dict[str, Any] = {
    "campaignId": "new-buyer-funnel",
    "name": "New buyer funnel",
    "goalType": "PRODUCT_SALE",
    "currency": "EUR",
    "status": "ACTIVE",
    "primaryLink": {"slug": "buy-now", "destinationUrl": "https://shop.gharart.example/a"},
    "variants": [
        {"variantId": "a", "name": "A", "weight": 50, "control": True},
        {"variantId": "b", "name": "B", "weight": 50, "destinationUrl": "https://shop.gharart.example/b"},
    ],
}


@dataclass(frozen=True)
class Crowd:
    """Visitors who entered a variant in one phase. `each` is what a buyer spent, in minor units."""

    variant: int
    visitors: int
    converters: int = 0
    arrived: int = 0
    phase: int = 1
    epoch: int = 1
    cohort: str = "ENTERED"
    identity: str = "COOKIE"
    each: int = 0
    currency: str = "EUR"
    device: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Test:
    """One campaign under test, called by its owner."""

    __test__ = False

    client: Client
    home: Installation
    owner: Actor
    clock: SetClock
    path: str

    @property
    def campaign_id(self) -> str:
        return self.path.rpartition("/")[2]

    def results(self, query: str = "") -> dict[str, Any]:
        answer = self.client.get(f"{self.path}/results{query}", by=self.owner)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def verdict(self) -> str:
        code: str = self.results()["verdict"]["code"]
        return code

    def click(self, at: int, query: str = "", **headers: str) -> str:
        """Visitor number `at` follows the link; answers the ctx."""
        told = {"User-Agent": DESKTOP, "Cookie": f"fp_vid={at:032x}", **headers}
        answer = self.client.get(f"/{HANDLE}/buy-now?{query}", headers={k: v for k, v in told.items() if v})
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"].rpartition("ctx=")[2])

    def buy(self, ctx: str, key: str, value: str = "10.00", currency: str = "EUR") -> None:
        body = {"ctx": ctx, "idempotencyKey": key, "value": value, "currency": currency}
        assert self.client.post("/v2/public/conversions", body).status_code == 201

    def crowd(self, *crowds: Crowd, at: Micros | None = None) -> None:
        """Count whole crowds as clicks and conversions would."""
        moves, now = Moves(), self.clock.now() if at is None else at
        for own in crowds:
            self._count(moves, own, now)
        self.home.database.write_now(lambda tx: tallies.move(tx, moves))

    def stand(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Visitors in the ledger, by what of them matters."""
        usual = {
            "handle": HANDLE,
            "world": "live",
            "campaign_id": self.campaign_id,
            "cohort": "ENTERED",
            "epoch": 1,
            "phase": 1,
            "identity": "COOKIE",
            "first_at": self.clock.now(),
            "entered_at": self.clock.now(),
            **dict.fromkeys(("slug", "country", "referrer", "source"), "x"),
        }
        self.home.database.write_now(lambda tx: tx.execute(ledger.insert(), [{**usual, **row} for row in rows]))

    def _count(self, moves: Moves, own: Crowd, now: Micros) -> None:
        key = (HANDLE, "live", self.campaign_id, own.epoch, own.phase, own.variant, own.cohort, own.identity)
        moves.add_phase(
            (*key, ""),
            visitors=own.visitors,
            arrived=own.arrived or own.converters,
            converters=own.converters,
            conversions=own.converters if own.cohort == "ENTERED" else 0,
        )
        place = Place(HANDLE, "live", self.campaign_id, local_day(now, "UTC"), {})
        moves.add_day(place, clicks=own.visitors, qualified_clicks=own.visitors, visitors=own.visitors)
        moves.add_day(place, converters=own.converters, conversions=own.converters)
        if own.cohort == "ENTERED":
            name = entry_name(own.epoch, own.phase, own.variant)
            moves.add_quarter((HANDLE, "live", self.campaign_id), now, "entered", name, own.visitors)
        if own.each:
            high, low = squares(own.each**2 * own.converters)
            sums = {"net_minor": own.each * own.converters, "squares_high": high, "squares_low": low}
            moves.add_phase((*key, own.currency), conversions=own.converters, **sums)


StartTest = Callable[..., Test]


@pytest.fixture
def start(client: Client, cast: Cast, clock: SetClock, installation: Installation) -> StartTest:
    """`start(**fields)` creates an ACTIVE campaign."""

    def begin(**fields: Any) -> Test:
        made = client.post(CAMPAIGNS, {**FUNNEL, **fields}, by=cast.owner)
        assert made.status_code == 201, made.text
        return Test(client, installation, cast.token("campaigns.*"), clock, str(made.headers["location"]))

    return begin


@pytest.fixture
def running(start: StartTest) -> Test:
    return start()
