"""After any sequence of clicks, conversions and changes, every counter equals what the raw rows come to."""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from cast import Client, make_cast
from conftest import MakeInstallation
from funnel import BOT, TAGS, Funnel
from funnelproof.app import Application
from funnelproof.clock import DAY, HOUR, MINUTE, SetClock, iso
from funnelproof.installation import Installation
from funnelproof.recount.compare import recount

STEPS = 120


@pytest.fixture
def home(make_installation: MakeInstallation, engine_kind: str) -> Installation:
    return make_installation(engine_kind)


@pytest.fixture
def shop(home: Installation) -> Iterator[Funnel]:
    with Client(Application(home)) as client:
        yield Funnel(client, make_cast(home))


class Life:
    """Random traffic and random changes, the same for one seed."""

    def __init__(self, shop: Funnel, clock: SetClock, random: Random) -> None:
        self.shop, self.clock, self.random = shop, clock, random
        self.ctxs: list[str] = []
        self.keys = 0

    def live(self) -> None:
        acts = (
            [self.click] * 12 + [self.convert] * 8 + [self.repeat, self.arrive, self.change, self.pause, self.release]
        )
        for _ in range(STEPS):
            self.random.choice(acts)()
            self.clock.advance(self.random.choice([0, 1000, MINUTE, HOUR, 7 * HOUR]))

    def click(self) -> None:
        headers = self.random.choice([{}] * 8 + [{"user-agent": BOT}, {"sec-gpc": "1"}, {"sec-purpose": "prefetch"}])
        person = None if "sec-gpc" in headers else self.random.randint(1, 12)
        query = self.random.choice(["", TAGS, "utm_source=ads", "fp_consent=denied"])
        answer = self.shop.follow(
            query, person=person, headers=headers, method=self.random.choice(["GET"] * 9 + ["HEAD"])
        )
        assert answer.status_code == 302
        self.ctxs.append(answer.headers["location"].rpartition("ctx=")[2])

    def convert(self) -> None:
        if not self.ctxs:
            return
        self.keys += 1
        told: dict[str, Any] = {"value": self.random.choice(["5", "49.90", "0", "99999999.99"])}
        if self.random.random() < 0.2:
            told = {"value": "1200", "currency": "JPY"}
        if self.random.random() < 0.2:
            told["eventType"] = "other"
        if self.random.random() < 0.2:
            told["occurredAt"] = iso(self.clock.now() - self.random.randint(0, 3) * DAY)
        status = self.shop.send(self.random.choice(self.ctxs), f"order-{self.keys}", **told).status_code
        assert status in (201, 400)

    def repeat(self) -> None:
        if self.ctxs and self.keys:
            key = f"order-{self.random.randint(1, self.keys)}"
            assert self.shop.send(self.random.choice(self.ctxs), key, value="5").status_code in (200, 201, 400, 422)

    def arrive(self) -> None:
        if self.ctxs:
            told = {"ctx": self.random.choice(self.ctxs)}
            assert self.shop.client.post("/v2/public/arrivals", told).status_code in (200, 400)

    def change(self) -> None:
        act = self.random.randint(0, 3)
        if act == 0:
            self.shop.ramp(self.random.choice([5, 50, 100]))
        elif act == 1:
            self.shop.change(eventType=self.random.choice(["purchase", "order"]))
        elif act == 2:
            shown = self.shop.client.get(f"{self.shop.base}/campaigns/new-buyer-funnel", by=self.shop.owner).json()
            weights = [{**own, "weight": self.random.randint(20, 80)} for own in shown["variants"]]
            self.shop.change(variants=weights)
        else:
            self.shop.change(countingRule=self.random.choice(["EVERY", "ONCE_PER_CLICK", "ONCE_PER_VISITOR"]))

    def pause(self) -> None:
        self.shop.move("PAUSED")
        self.click()
        self.convert()
        self.shop.move("ACTIVE")

    def release(self) -> None:
        told = {"from": iso(self.clock.now() - DAY), "to": iso(self.clock.now() + DAY)}
        answer = self.shop.client.post(f"{self.shop.base}/conversions/release", told, by=self.shop.owner)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counters_equal_the_rows_after_a_random_life(
    shop: Funnel, home: Installation, clock: SetClock, seed: int
) -> None:
    shop.campaign(attributionWindowDays=2, maxPerClick=3, maxValue="60.00")
    life = Life(shop, clock, Random(seed))  # noqa: S311 - a seed, so that a failure can be repeated
    life.live()
    report = recount(home.database, now=home.clock.now())
    assert report.differences == []
    check_by_hand(shop)
    assert len({row["disposition"] for row in shop.rows("conversions")}) >= 3


def check_by_hand(shop: Funnel) -> None:
    """The sums that matter most, once more and without any help."""
    clicks, made, ledger = shop.rows("clicks"), shop.rows("conversions"), shop.rows("ledger")
    counted = [row for row in made if row["disposition"] == "COUNTED"]
    for dimension in ("all", "variant", "slug", "country", "device", "referrer", "source", "segment"):
        rows = [row for row in shop.rows("day_tallies") if row["dimension"] == dimension]
        sums = Counter[str]()
        for row in rows:
            sums.update(
                {name: row[name] for name in ("clicks", "qualified_clicks", "visitors", "conversions", "converters")}
            )
            sums[row["currency"]] += row["gross_minor"]
        assert sums["clicks"] == len(clicks)
        assert sums["qualified_clicks"] == sum(row["kind"] == "PERSON" for row in clicks)
        assert (sums["visitors"], sums["conversions"]) == (len(ledger), len(counted))
        assert sums["converters"] == sum(row["conversions"] > 0 for row in ledger)
        for currency in ("USD", "JPY"):
            assert sums[currency] == sum(row["value_minor"] or 0 for row in counted if row["currency"] == currency)
    phases = shop.rows("phase_tallies")
    assert sum(row["visitors"] for row in phases) == len(ledger)
    assert all(row["converters"] <= row["visitors"] for row in by_key(phases))
    assert len(made) == len({row["idempotency_key"] for row in made}) == len(shop.rows("conversion_keys"))


def by_key(phases: list[dict[str, Any]]) -> list[Counter[str]]:
    """Phase rows summed over workers."""
    summed: dict[tuple[Any, ...], Counter[str]] = {}
    for row in phases:
        key = (row["epoch"], row["phase"], row["variant"], row["cohort"], row["identity"])
        summed.setdefault(key, Counter()).update({name: row[name] for name in ("visitors", "converters")})
    return list(summed.values())
