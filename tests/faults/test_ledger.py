"""What looks for lost and doubled rows finds them when they are lost or doubled."""

import pytest
from sqlalchemy import delete, update

from bench.soak.buyers import Acknowledged
from bench.soak.ledger import balance
from cast import Cast
from funnel import Funnel
from funnelproof.storage.database import Database
from funnelproof.storage.schema import clicks, conversions


@pytest.fixture
def told(funnel: Funnel, cast: Cast) -> tuple[Database, Acknowledged]:
    """Two orders, and what their buyers were answered."""
    funnel.campaign()
    seen = Acknowledged()
    for number in range(2):
        clicked = funnel.click(person=number)
        seen.clicks.add("clk_" + clicked.answer.headers["x-request-id"].removeprefix("req_"))
        seen.conversions[f"order-{number}"] = funnel.convert(clicked.ctx, f"order-{number}")["conversionId"]
    return cast.home.database, seen


def test_nothing_is_wrong_with_what_is_whole(told: tuple[Database, Acknowledged]) -> None:
    assert balance(*told).holds
    assert balance(*told).stored_clicks == balance(*told).stored_conversions == 2


def test_a_click_or_an_order_that_is_gone_is_lost(told: tuple[Database, Acknowledged]) -> None:
    database, seen = told
    gone = min(seen.clicks)
    database.write_now(lambda tx: tx.execute(delete(clicks).where(clicks.c.click_id == gone)))
    database.write_now(lambda tx: tx.execute(delete(conversions).where(conversions.c.idempotency_key == "order-1")))
    found = balance(database, seen)
    assert (found.lost_clicks, found.lost_conversions, found.lost) == ({gone}, {"order-1"}, 2)
    assert found.different
    assert not found.holds


def test_a_key_that_stands_twice_is_doubled(told: tuple[Database, Acknowledged]) -> None:
    database, seen = told
    twice = update(conversions).where(conversions.c.idempotency_key == "order-1").values(idempotency_key="order-0")
    database.write_now(lambda tx: tx.execute(twice))
    found = balance(database, seen)
    assert found.doubled == {"order-0"}
    assert not found.holds
