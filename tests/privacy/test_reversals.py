"""Retention and reversals: what was taken back stays taken back when sale, refund or both are gone; on both engines."""

from typing import Any

import pytest
from sqlalchemy import text

from funnel import CAMPAIGN, Funnel
from funnelproof.clock import DAY, HOUR, SetClock
from funnelproof.handles.handle import ZoneFrom
from funnelproof.installation import Installation
from funnelproof.privacy import seal as seals
from funnelproof.privacy.day import local_day_of
from funnelproof.privacy.prove import bite_of_reversals
from funnelproof.recount.compare import Report
from privacy.conftest import FIRST_DAY, change, counted, days_of, retain
from privacy.test_retention import analytics, sums

PATH = "/v2/handles/gharart/reversals"
LATER = "2026-12-23"


def take_back(shop: Funnel, key: str, conversion_key: str, amount: str | None = None) -> Any:
    told = {"idempotencyKey": key, "conversionKey": conversion_key, "amount": amount}
    return shop.client.post(PATH, told, by=shop.owner)


@pytest.fixture
def refunded(lived: Funnel, clock: SetClock) -> Funnel:
    """`lived` again, an hour before its first day is old: parts of its orders were taken back, on two days."""
    clock.advance(-60 * DAY)
    assert take_back(lived, "at once", "euros", "2.00").json()["counted"] is True
    assert take_back(lived, "for nothing", "nobody's").json()["status"] == "WAITING"
    clock.advance(28 * DAY)
    assert take_back(lived, "a part", "first", "9.90").json()["counted"] is True
    clock.advance(HOUR)
    assert take_back(lived, "another", "a month later").status_code == 201
    clock.advance(32 * DAY - HOUR)
    return lived


def test_refunds_go_with_their_own_day_and_every_figure_stays(
    refunded: Funnel, home: Installation, clock: SetClock
) -> None:
    figures, before = analytics(refunded), counted(home)
    assert before.differences == []
    clock.advance(2 * DAY)
    assert retain(home) == 2
    assert "first" not in {row["idempotency_key"] for row in refunded.rows("conversions")}
    assert days_of(refunded, "reversals", "counts_at") == [LATER, "2026-12-25"]
    assert {row["day"]: row["reversals"] for row in refunded.rows("seals")} == {FIRST_DAY: 0, "2026-11-25": 2}
    assert counted(home).differences == []
    assert (analytics(refunded), sums(counted(home))) == (figures, sums(before))


def test_when_all_is_old_no_refund_is_left_and_nothing_differs(
    refunded: Funnel, home: Installation, clock: SetClock
) -> None:
    figures, before = analytics(refunded), counted(home)
    clock.advance(402 * DAY)
    retain(home)
    clock.advance(2 * DAY)
    retain(home)
    assert (refunded.rows("reversals"), refunded.rows("conversions"), refunded.rows("clicks")) == ([], [], [])
    assert sum(row["test_reversed"] for row in refunded.rows("sealed_sums")) == 200 + 990 + 100
    after = counted(home)
    assert after.differences == []
    assert (analytics(refunded), sums(after)) == (figures, sums(before))


def test_what_is_gone_cannot_be_taken_back_any_more(refunded: Funnel, home: Installation, clock: SetClock) -> None:
    clock.advance(2 * DAY)
    retain(home)
    answer = take_back(refunded, "too late", "first", "1.00")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert "no longer kept" in answer.json()["detail"]
    assert counted(home).differences == []


@pytest.mark.parametrize(
    ("statement", "counter"),
    [
        ("update reversals set amount_minor = amount_minor + 1", "net_minor"),
        ("update reversals set counted = 0", "counted"),
        ("update reversals set in_test = 0", "in_test"),
        ("update reversals set source = 'elsewhere'", "source"),
        ("update reversals set amount_minor = 99999 where currency = 'EUR'", "reversed"),
        ("delete from reversals", "refunds"),
        ("update ledger set refunds = refunds + 1", "refunds"),
        ("update ledger_money set test_net_minor = test_net_minor + 1", "test_net_minor"),
        ("update day_tallies set refunded_converters = refunded_converters + 1", "refunded_converters"),
        ("update phase_tallies set refunded_converters = refunded_converters + 1", "refunded_converters"),
        ("update phase_tallies set reversed_minor = reversed_minor + 1", "reversed_minor"),
    ],
)
def test_what_is_tampered_with_is_found(refunded: Funnel, home: Installation, statement: str, counter: str) -> None:
    change(home, statement)
    report: Report = counted(home)
    assert counter in {one.counter for one in report.differences}
    assert {one.campaign_id for one in report.differences} == {CAMPAIGN}


def test_a_days_refunds_are_found_along_their_index(shop: Funnel, home: Installation, engine_kind: str) -> None:
    if engine_kind != "sqlite":
        pytest.skip("a plan of SQLite, whose choice hangs on no statistics")
    day = local_day_of(("gharart", "live"), FIRST_DAY, (ZoneFrom(0, "UTC"),), DAY)
    for slice_ in (seals.reversals_of(day, "rev_1"), bite_of_reversals(day, "rev_1")):
        told = slice_.compile(home.database.engines.reading, compile_kwargs={"literal_binds": True})
        rows = home.database.read_now(lambda tx, told=told: tx.all(text(f"EXPLAIN QUERY PLAN {told}")))  # type: ignore[misc]
        assert "ix_reversals_day" in " ".join(row["detail"] for row in rows)
