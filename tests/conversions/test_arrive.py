"""Arrivals: the page has opened, said once, counted once, on both engines."""

import pytest

from cast import refused
from conversions.conftest import ctx_of
from funnel import BOT, Funnel
from funnelproof.clock import DAY, SetClock
from funnelproof.conversions.arrive import Arrival, arrive
from funnelproof.installation import Installation
from funnelproof.links.ctx import InvalidCtx, Mode
from funnelproof.recount.compare import recount

PATH = "/v2/public/arrivals"


def reports(shop: Funnel) -> int:
    """How often pages have reported that they opened."""
    return sum(row["amount"] for row in shop.rows("quarter_tallies") if row["subject"] == "arrived")


def test_a_visitor_arrives_once(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    told = {"ctx": shop.click().ctx}
    first, again = shop.client.post(PATH, told), shop.client.post(PATH, told)
    assert [answer.json()["status"] for answer in (first, again)] == ["ARRIVED", "SEEN_BEFORE"]
    assert first.headers["access-control-allow-origin"] == "*"
    (standing,) = shop.rows("ledger")
    assert standing["arrived_at"] == home.clock.now()
    assert sum(row["arrived"] for row in shop.rows("phase_tallies")) == 1
    assert recount(home.database, now=home.clock.now()).differences == []


def test_a_conversion_is_an_arrival_too_and_a_page_that_comes_after_it_has_reported(
    shop: Funnel, home: Installation
) -> None:
    shop.campaign()
    ctx = shop.click().ctx
    shop.convert(ctx)
    assert reports(shop) == 0
    assert shop.client.post(PATH, {"ctx": ctx}).json()["status"] == "SEEN_BEFORE"
    assert reports(shop) == 1
    assert recount(home.database, now=home.clock.now()).differences == []


def test_a_group_of_arrivals_mixes_good_and_bad(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    ctx, at = ctx_of(shop), home.clock.now()
    bot = ctx_of(shop, person=None, headers={"user-agent": BOT})
    arrivals = [
        Arrival(ctx, at),
        Arrival(ctx, ctx.expires_at),
        Arrival(ctx._replace(mode=Mode.TEST, run=9), at),
        Arrival(ctx, at),
        Arrival(bot, at),
    ]
    answers = home.database.write_now(lambda tx: arrive(tx, arrivals))
    assert [answers[at] for at in (0, 3, 4)] == [True, False, False]
    assert all(isinstance(answers[at], InvalidCtx) for at in (1, 2))
    assert len(shop.rows("ledger")) == 1
    assert recount(home.database, now=home.clock.now()).differences == []


@pytest.mark.parametrize(
    ("told", "code", "reason"),
    [
        ({}, "invalid_ctx", "missing"),
        ({"ctx": "x"}, "invalid_ctx", "malformed"),
        ({"ctx": 5}, "invalid_ctx", "malformed"),
    ],
)
def test_an_arrival_that_is_not_taken(shop: Funnel, told: dict[str, object], code: str, reason: str) -> None:
    assert refused(shop.client.post(PATH, told), 400, code)["reason"] == reason


def test_an_expired_ctx_does_not_arrive(shop: Funnel, clock: SetClock) -> None:
    shop.campaign()
    ctx = shop.click().ctx
    clock.advance(32 * DAY)
    assert refused(shop.client.post(PATH, {"ctx": ctx}), 400, "invalid_ctx")["reason"] == "expired"
