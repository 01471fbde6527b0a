"""Whatever visitors, the clock and the team do: the funnel's people are those of the variants and of all excluded."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from cast import HANDLE, Client, make_cast
from conftest import MakeInstallation
from funnel import BOT, CAMPAIGN, SHOP, SLUG, Funnel
from funnelproof.app import Application
from funnelproof.clock import DAY, HOUR, SetClock
from funnelproof.recount.compare import recount

ONE = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}"
STEPS = 70
RULE = {"priority": 1, "when": {"sourceIn": ["partner"]}, "destinationUrl": f"{SHOP}/partner"}


class Traffic:
    """What may happen to a campaign, at random; what it refuses is no event."""

    def __init__(self, funnel: Funnel, clock: SetClock, random: Random) -> None:
        self.funnel, self.clock, self.random = funnel, clock, random
        self.ctxs: list[str] = []
        self.orders = 0
        likely: list[tuple[int, Callable[[], object]]] = [
            (30, self.person),
            (8, self.cookieless),
            (4, self.not_a_person),
            (4, self.by_rule),
            (25, self.order),
            (4, self.preview),
            (5, self.ramp),
            (5, self.weights),
            (3, self.other_meaning),
            (8, self.move),
            (4, self.decide_or_undo),
            (6, self.days),
        ]
        self.events = [event for times, event in likely for _ in range(times)]

    def begin(self) -> None:
        self.funnel.campaign(
            includeCookieless=self.random.random() < 0.5,
            countingRule=self.random.choice(["EVERY", "ONCE_PER_CLICK", "ONCE_PER_VISITOR"]),
            attributionWindowDays=7,
            ctxTtlSeconds=40 * 86_400,
            rampPercent=self.random.choice([20, 100]),
        )
        self.funnel.link(SLUG, campaignId=CAMPAIGN, routingRules=[RULE])

    def go_on(self) -> None:
        for _ in range(STEPS):
            self.random.choice(self.events)()

    def person(self) -> None:
        self.ctxs.append(self.funnel.click(person=self.random.randrange(1, 25)).ctx)

    def cookieless(self) -> None:
        agent = f"Mozilla/5.0 (X11; Linux x86_64; rv:{self.random.randrange(90, 95)}.0) Gecko/20100101 Firefox/140.0"
        query, headers = self.random.choice([("fp_consent=denied", {}), ("", {"sec-gpc": "1"})])
        self.ctxs.append(self.funnel.click(query, person=None, headers={"user-agent": agent, **headers}).ctx)

    def not_a_person(self) -> None:
        more: dict[str, Any] = self.random.choice(
            [{"headers": {"user-agent": BOT}}, {"method": "HEAD"}, {"headers": {"sec-purpose": "prefetch"}}]
        )
        self.ctxs.append(self.funnel.click(person=self.random.randrange(1, 30), **more).ctx)

    def by_rule(self) -> None:
        clicked = self.funnel.click("utm_source=partner", person=self.random.randrange(1, 25))
        assert clicked.path == "/partner"
        self.ctxs.append(clicked.ctx)

    def order(self) -> None:
        if self.ctxs:
            self.orders += 1
            currency = self.random.choice(["USD", "USD", "EUR"])
            ctx = self.random.choice(self.ctxs)
            self.funnel.send(ctx, f"order-{self.orders}", value=f"{self.random.randrange(1, 90)}.00", currency=currency)

    def preview(self) -> None:
        path = f"/v2/handles/{HANDLE}/links/{SLUG}/preview-links"
        made = self.funnel.client.post(path, {"variantId": "b"}, by=self.funnel.owner).json()
        self.ctxs.append(self.funnel.click(str(made["url"]).partition("?")[2], person=3).ctx)

    def ramp(self) -> None:
        body = {"rampPercent": self.random.choice([0, 10, 50, 100])}
        self.funnel.client.post(f"{ONE}/ramp", body, by=self.funnel.owner)

    def weights(self) -> None:
        variants = self._variants()
        for own in variants:
            own["weight"] = self.random.choice([0, 1, 5])
            own["enabled"] = self.random.random() < 0.8
        self.funnel.client.patch(ONE, {"variants": variants}, by=self.funnel.owner)

    def other_meaning(self) -> None:
        variants = self._variants()
        variants[1]["destinationUrl"] = f"{SHOP}/b{self.random.randrange(9)}"
        self.funnel.client.patch(ONE, {"variants": variants}, by=self.funnel.owner)

    def move(self) -> None:
        to = self.random.choice(["ACTIVE", "ACTIVE", "PAUSED", "DRAFT"])
        self.funnel.client.post(f"{ONE}/transitions", {"to": to}, by=self.funnel.owner)

    def decide_or_undo(self) -> None:
        """By a person who signs in anew each time."""
        operator = signed_in(self.funnel)
        body = {"variantId": self.random.choice("ab"), "reason": "chance"}
        if self.funnel.client.post(f"{ONE}/decision", body, by=operator).status_code != 201:
            self.funnel.client.delete(f"{ONE}/decision", by=operator)

    def days(self) -> None:
        self.clock.advance(self.random.choice([HOUR, DAY, 5 * DAY]))

    def _variants(self) -> list[dict[str, Any]]:
        return list(self.funnel.client.get(ONE, by=self.funnel.owner).json()["variants"])


def signed_in(funnel: Funnel) -> Any:
    from cast import Actor
    from funnelproof.access import sessions

    home, operator = funnel.cast.home, funnel.cast.operator
    session, _ = home.database.write_now(lambda tx: sessions.begin(tx, operator.user_id, now=home.clock.now()))
    return Actor("operator", operator.user_id, credential=sessions.sign(home.keyring, session, now=home.clock.now()))


@pytest.fixture
def funnel_on(make_installation: MakeInstallation, engine_kind: str) -> Iterator[Funnel]:
    home = make_installation(engine_kind)
    with Client(Application(home)) as client:
        yield Funnel(client, make_cast(home))


def of_rows(funnel: Funnel) -> tuple[int, int]:
    """Visitors and converters as the rows of clicks and conversions tell them, no counter asked."""
    clicks = [row for row in funnel.rows("clicks") if row["world"] == "live"]
    people = {row["visitor"] for row in clicks if row["kind"] == "PERSON"}
    counted = [row for row in funnel.rows("conversions") if row["world"] == "live" and row["credited"]]
    return len(people), len({row["visitor"] for row in counted})


@pytest.mark.parametrize("seed", range(4))
def test_visitors_and_converters_add_up_in_every_epoch(funnel_on: Funnel, clock: SetClock, seed: int) -> None:
    traffic = Traffic(funnel_on, clock, Random(seed))  # noqa: S311 - the same traffic each time
    traffic.begin()
    traffic.go_on()
    client, owner = funnel_on.client, funnel_on.owner
    client.delete(f"{ONE}/decision", by=signed_in(funnel_on))
    visitors, converters = of_rows(funnel_on)
    assert visitors > 10
    epochs = client.get(ONE, by=owner).json()["epoch"]
    for epoch in range(1, epochs + 1):
        found = client.get(f"{ONE}/results?epoch={epoch}", by=owner).json()
        assert adds_up(found) == (visitors, converters), epoch
        assert found["excluded"]["late"] == 0
        decided = client.get(f"{ONE}/decision?epoch={epoch}", by=owner)
        if decided.status_code == 200:
            adds_up(decided.json()["results"])
    assert recount(funnel_on.cast.home.database, now=clock.now()).differences == []


def adds_up(found: dict[str, Any]) -> tuple[int, int]:
    """The funnel's visitors and converters, each the sum of its parts; none of the parts below 0."""
    for counter, excluded in (("visitors", "excluded"), ("converters", "excludedConverters")):
        parts = [own[counter] for own in found["variants"]] + list(found[excluded].values())
        assert found["funnel"][counter] == sum(parts), (counter, found)
        assert min(parts) >= 0
    return found["funnel"]["visitors"], found["funnel"]["converters"]
