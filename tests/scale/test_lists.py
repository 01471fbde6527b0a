"""A list narrowed by time finds just what arrived then, whether ids are of the same clock or of another one."""

import pytest
from sqlalchemy import select, update

from bench.fill import BUSY, HANDLE, Filled
from funnelproof.clock import DAY, HOUR, MINUTE, Micros
from funnelproof.conversions.read import Asked, list_conversions
from funnelproof.installation import Installation
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import conversions


def arrived(tx: Transaction, since: Micros | None, until: Micros | None, campaign_id: str | None) -> list[str]:
    """By reading all rows."""
    rows = tx.all(select(conversions).where(conversions.c.world == "live").order_by(conversions.c.conversion_id.desc()))
    return [
        row["conversion_id"]
        for row in rows
        if (since is None or row["received_at"] >= since)
        and (until is None or row["received_at"] < until)
        and campaign_id in (None, row["campaign_id"])
    ]


@pytest.mark.parametrize("campaign_id", [None, BUSY])
@pytest.mark.parametrize("clock_is_ahead", [0, MINUTE, -300 * DAY, 5 * DAY])
def test_a_list_narrowed_by_time_is_whole(
    filled: tuple[Filled, Installation], clock_is_ahead: Micros, campaign_id: str | None
) -> None:
    _, home = filled
    shifted = update(conversions).values(received_at=conversions.c.received_at + clock_is_ahead)
    home.database.write_now(lambda tx: tx.execute(shifted))
    now = home.clock.now() + clock_is_ahead
    stretches = [
        (now - 20 * DAY, now - 19 * DAY),
        (now - 3 * HOUR, None),
        (None, now - 55 * DAY),
        (now - 90 * DAY, now),
    ]

    def check(tx: Transaction) -> None:
        for since, until in stretches:
            asked = Asked(HANDLE, campaign_id, since=since, until=until)
            found = list_conversions(tx, asked, before=None, limit=1000)
            assert [own.made.conversion_id for own in found] == arrived(tx, since, until, campaign_id)

    home.database.read_now(check)
