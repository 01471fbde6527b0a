"""Worlds of old runs and counters of old quarter hours go in slices, and the recount stays equal all along."""

import pytest
from sqlalchemy import func, select

from funnel import CAMPAIGN, Funnel
from funnelproof.clock import DAY, HOUR, SetClock
from funnelproof.installation import Installation
from funnelproof.privacy import quarters
from funnelproof.privacy.quarters import OldQuarters
from funnelproof.proofs import forget
from funnelproof.proofs.forget import forget_worlds
from funnelproof.storage.schema import metadata
from funnelproof.tallies.move import QUARTER
from privacy.conftest import counted

LONGEST = 300


def count(home: Installation, table: str, world: str | None = None) -> int:
    own = metadata.tables[table]
    statement = select(func.count()).select_from(own)
    where = statement.where(own.c.world == world) if world else statement
    return int(home.database.read_now(lambda tx: tx.execute(where).scalar_one()))


def test_the_world_of_an_old_run_goes_in_slices_and_its_receipt_stays(
    shop: Funnel, home: Installation, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{shop.base}/campaigns/{CAMPAIGN}/test-conversion"
    assert shop.client.post(path, {}, by=shop.owner).status_code == 201
    shop.click()
    [world] = [row["world"] for row in shop.rows("worlds")]
    live = {table.name: count(home, table.name, "live") for table in forget.TABLES}
    monkeypatch.setattr(forget, "SLICE", 7)
    assert home.database.write_now(lambda tx: forget_worlds(tx, clock.now())) == 0
    clock.advance(31 * DAY)
    slices = 0
    while home.database.write_now(lambda tx: forget_worlds(tx, clock.now())):
        slices += 1
        assert counted(home).differences == []
        assert slices < LONGEST
    assert slices > 3
    assert sum(count(home, table.name, world) for table in forget.TABLES) == 0
    assert {table.name: count(home, table.name, "live") for table in forget.TABLES} == live
    assert shop.rows("worlds") == []
    assert len(shop.rows("receipts")) == 2


def test_old_counters_of_quarter_hours_go_in_slices_and_the_others_stay(
    shop: Funnel, home: Installation, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person in range(3):
        shop.convert(shop.click(person=person).ctx, f"order-{person}")
        clock.advance(HOUR)
    clock.advance(29 * DAY)
    shop.convert(shop.click(person=9).ctx, "late")
    work = OldQuarters(clock.now)
    assert all(home.database.write_now(work) == 0 for _ in range(3))
    clock.advance(2 * DAY)
    before = shop.rows("quarter_tallies")
    monkeypatch.setattr(quarters, "SLICE", 4)
    slices = 0
    while home.database.write_now(work):
        slices += 1
        assert slices < LONGEST
    oldest = (clock.now() - 30 * DAY) // QUARTER
    assert shop.rows("quarter_tallies") == [row for row in before if row["quarter"] >= oldest]
    assert len(shop.rows("quarter_tallies")) < len(before)
    assert counted(home).differences == []
    assert slices > 2
