"""Retention: what is old is proven, sealed and deleted, and no figure moves; on both engines."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import sqlite

from cast import HANDLE, refused
from funnel import CAMPAIGN, TAGS, Funnel
from funnelproof.clock import DAY, MINUTE, SetClock, iso
from funnelproof.handles.handle import ZoneFrom
from funnelproof.installation import Installation
from funnelproof.privacy import seal as seals
from funnelproof.privacy.day import local_day_of
from funnelproof.privacy.retention import Retention
from funnelproof.recount.compare import Report, recount
from funnelproof.storage.database import Database, Transaction
from funnelproof.storage.schema import clicks, conversions
from privacy.conftest import FIRST_DAY, change, counted, days_of, keep_days, retain

SECOND_DAY, THIRD_DAY = "2026-11-24", "2026-11-25"
GROUPS = ("day", "variant", "slug", "country", "device", "referrer", "source", "segment")


def analytics(shop: Funnel) -> list[Any]:
    span = "from=2026-11-01&to=2027-02-01"
    path = f"{shop.base}/analytics?campaignId={CAMPAIGN}&{span}&groupBy="
    answers = [shop.client.get(path + group, by=shop.owner) for group in GROUPS]
    assert all(answer.status_code == 200 for answer in answers), answers[0].text
    return [{**answer.json(), "freshness": None} for answer in answers]


def sums(report: Report) -> list[Any]:
    return [(one.campaign_id, dict(one.counters), dict(one.gross_minor)) for one in report.sums]


def test_what_is_old_goes_and_every_figure_stays(lived: Funnel, home: Installation) -> None:
    figures, before = analytics(lived), counted(home)
    assert before.differences == []
    assert retain(home) == 1
    assert days_of(lived, "conversions", "occurred_at") == [THIRD_DAY, "2026-12-25", "2026-12-25"]
    assert days_of(lived, "clicks", "clicked_at") == [FIRST_DAY, THIRD_DAY, "2026-12-25", "2026-12-25"]
    [sealed] = lived.rows("seals")
    assert (sealed["day"], sealed["clicks"], sealed["conversions"]) == (FIRST_DAY, 9, 2)
    own = sealed["sums"][CAMPAIGN]
    assert (own["clicks"], own["gross_minor USD"], own["gross_minor EUR"]) == (9, 4990, 700)
    after = counted(home)
    assert after.differences == []
    assert sums(after) == sums(before)
    assert analytics(lived) == figures
    assert retain(home) == 0


def test_a_click_stays_as_long_as_a_conversion_of_another_day_names_it(
    lived: Funnel, home: Installation, clock: SetClock
) -> None:
    retain(home)
    [kept] = [row for row in lived.rows("clicks") if row["source"] == "ads"]
    told = lived.client.get(f"{lived.base}/conversions", by=lived.owner).json()["items"]
    assert kept["click_id"] in {one["clickId"] for one in told}
    clock.advance(3 * DAY)
    retain(home)
    assert days_of(lived, "clicks", "clicked_at") == [FIRST_DAY, "2026-12-25", "2026-12-25"]
    clock.advance(9 * DAY)
    assert retain(home) == 1
    assert days_of(lived, "clicks", "clicked_at") == ["2026-12-25", "2026-12-25"]
    assert counted(home).differences == []


def test_when_all_is_old_only_seals_ledger_and_tallies_are_left(
    lived: Funnel, home: Installation, clock: SetClock
) -> None:
    figures, before = analytics(lived), counted(home)
    clock.advance(400 * DAY)
    retain(home)
    clock.advance(2 * DAY)
    retain(home)
    assert (lived.rows("clicks"), lived.rows("conversions")) == ([], [])
    assert [row["day"] for row in lived.rows("seals")] == [FIRST_DAY, THIRD_DAY, "2026-12-25"]
    assert len(lived.rows("conversion_keys")) == 5
    after = counted(home)
    assert after.differences == []
    assert sums(after) == sums(before)
    assert analytics(lived) == figures


def test_who_comes_back_after_its_rows_are_gone_still_counts_once(lived: Funnel, home: Installation) -> None:
    retain(home)
    lived.convert(lived.click(person=1).ctx, "first at last", value="5.00")
    lived.convert(lived.click(person=7).ctx, "once more", value="6.00")
    report = counted(home)
    assert report.differences == []
    assert sums(report)[0][1]["converters"] == 4


TAMPERED = [
    ("update day_tallies set clicks = clicks + 1 where dimension = 'source' and day = '2026-11-23'", "digest"),
    ("update day_tallies set clicks = clicks + 1 where dimension = 'all' and day = '2026-11-23'", "clicks"),
    ("delete from day_tallies where dimension = 'device' and day = '2026-11-23'", "digest"),
    ("update seals set sums = replace(sums, '\"clicks\"\\:9', '\"clicks\"\\:8')", "clicks"),
    ("delete from seals", "clicks"),
    ("update sealed_sums set gross = gross + 1", "gross_minor"),
    ("delete from sealed_sums", "conversions"),
    ("update conversions set value_minor = value_minor + 1", "gross_minor"),
    ("delete from clicks where source = 'ads'", "conversions"),
    ("update ledger set conversions = conversions + 1", "conversions"),
    ("update phase_tallies set net_minor = net_minor + 1 where currency = 'EUR'", "net_minor"),
]


class Undone(Exception):  # noqa: N818 - it undoes, nothing went wrong
    """Rolls a planted difference back."""


class Within:
    """Reads as the database would after a transaction that is still open."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def read_now(self, read: Callable[[Transaction], Any]) -> Any:
        return read(self._tx)


def test_what_is_tampered_with_is_found_also_where_rows_are_gone(lived: Funnel, home: Installation) -> None:
    retain(home)
    for statement, counter in TAMPERED:
        found: list[Report] = []

        def work(tx: Transaction, statement: str = statement, found: list[Report] = found) -> None:
            assert tx.execute(text(statement)).rowcount, statement
            found.append(recount(Within(tx), now=home.clock.now()))  # type: ignore[arg-type]
            raise Undone

        with pytest.raises(Undone):
            home.database.write_now(work)
        assert counter in {one.counter for one in found[0].differences}, statement
    assert counted(home).differences == []


class Killed(Exception):  # noqa: N818 - the end of a process
    """Stands for kill -9 between two transactions."""


class Mortal(Database):
    """Ends after so many writes."""

    def __init__(self, database: Database, writes: int) -> None:
        self.__dict__ = dict(database.__dict__)
        self._left = writes

    async def write(self, fn: Callable[[Transaction], Any]) -> Any:
        if self._left == 0:
            raise Killed
        self._left -= 1
        return await super().write(fn)


def test_killed_after_any_commit_nothing_differs_and_the_next_process_goes_on(
    lived: Funnel, home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "SLICE", 4)
    before = counted(home)
    ended = 0
    for commits in range(1, 12):
        try:
            asyncio.run(Retention(Mortal(home.database, commits), home.clock.now)())
        except Killed:
            ended += 1
            assert counted(home).differences == []
    assert ended >= 3
    assert retain(home) == 0
    assert days_of(lived, "clicks", "clicked_at") == [FIRST_DAY, THIRD_DAY, "2026-12-25", "2026-12-25"]
    assert sums(counted(home)) == sums(before)


def test_of_a_day_that_cannot_be_proven_nothing_is_deleted_and_it_is_said_once(
    lived: Funnel, home: Installation, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    change(home, "update day_tallies set clicks = clicks + 1 where dimension = 'source' and day = '2026-11-23'")
    clock.advance(3 * DAY)
    retention = Retention(home.database, home.clock.now)
    with caplog.at_level(logging.WARNING, "funnelproof.privacy"):
        assert asyncio.run(retention()) == 1
        clock.advance(DAY)
        assert asyncio.run(retention()) == 0
    assert [row["day"] for row in lived.rows("seals")] == [THIRD_DAY]
    assert days_of(lived, "clicks", "clicked_at").count(FIRST_DAY) == 9
    assert len(caplog.records) == 1
    assert FIRST_DAY in caplog.records[0].getMessage()
    assert counted(home).different > 0


def test_a_handle_keeps_rows_at_least_as_long_as_its_conversions_need(lived: Funnel, home: Installation) -> None:
    keep_days(home, 30)
    change(home, "update campaigns set attribution_window_days = 90, ctx_ttl_seconds = 7862400")
    assert retain(home) == 0
    change(home, "update campaigns set attribution_window_days = 7, ctx_ttl_seconds = 691200")
    assert retain(home) == 2


def test_a_ctx_life_that_was_shortened_lately_still_counts(lived: Funnel, home: Installation) -> None:
    lived.change(ctxTtlSeconds=86_400)
    assert retain(home) == 0


def test_what_is_still_held_goes_with_its_day_and_cannot_be_released(
    shop: Funnel, home: Installation, clock: SetClock
) -> None:
    shop.move("PAUSED")
    shop.convert(shop.click().ctx, "held", value="9.00")
    clock.advance(70 * DAY)
    assert retain(home) == 1
    assert (shop.rows("conversions"), shop.rows("clicks")) == ([], [])
    assert counted(home).differences == []


def test_a_conversion_whose_click_is_gone_is_told_without_it(lived: Funnel, home: Installation) -> None:
    change(home, "delete from clicks")
    listed = lived.client.get(f"{lived.base}/conversions", by=lived.owner).json()["items"]
    assert len(listed) == 5
    for one in listed:
        told = lived.client.get(f"{lived.base}/conversions/{one['conversionId']}", by=lived.owner)
        assert told.status_code == 200, told.text


def test_other_handles_and_test_runs_are_left_alone(lived: Funnel, home: Installation) -> None:
    change(home, "update clicks set world = 'run_1' where source = 'ads'")
    change(home, "update clicks set handle = 'elsewhere' where source = 'mail'")
    retain(home)
    assert {row["handle"] for row in lived.rows("clicks")} == {HANDLE, "elsewhere"}
    assert "run_1" in {row["world"] for row in lived.rows("clicks")}


def test_rows_of_a_day_are_found_along_their_keys(shop: Funnel, home: Installation, engine_kind: str) -> None:
    """Bites of a long day would else each begin at its start, and held conversions be looked for among all."""
    if engine_kind != "sqlite":
        pytest.skip("a plan of SQLite, whose choice hangs on no statistics")
    day = local_day_of((HANDLE, "live"), FIRST_DAY, (ZoneFrom(0, "UTC"),), DAY)
    found = {
        "clicks": plan_of(home, select(clicks).where(day.clicks_after("clk_1"))),
        "conversions": plan_of(home, select(conversions).where(day.conversions_after("cnv_1"))),
        "held": plan_of(home, seals.delete_held(day, CAMPAIGN)),
    }
    assert "click_id>? AND click_id<?" in found["clicks"]
    assert "conversion_id>? AND conversion_id<?" in found["conversions"]
    assert "ix_conversions_held" in found["held"]


def plan_of(home: Installation, statement: Any) -> str:
    told = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    rows = home.database.read_now(lambda tx: tx.all(text(f"EXPLAIN QUERY PLAN {told}")))
    return " ".join(row["detail"] for row in rows)


def test_a_repeat_is_answered_as_the_first_was_although_retention_has_deleted_the_row(
    shop: Funnel, home: Installation, clock: SetClock
) -> None:
    ctx = shop.click(TAGS, person=1).ctx
    told = {"value": "49.90", "occurredAt": iso(clock.now() - MINUTE)}
    first = shop.convert(ctx, "first", **told)
    clock.advance(62 * DAY)
    assert retain(home) > 0
    assert not shop.rows("conversions")
    again = shop.send(ctx, "first", **told)
    assert again.status_code == 200
    assert again.json() == {**first, "status": "DUPLICATE", "requestId": again.json()["requestId"]}
    other = refused(shop.send(ctx, "first", **{**told, "value": "4.99"}), 422, "idempotency_key_reused")
    assert other["differs"] == ["/value"]
    assert other["firstConversionId"] == first["conversionId"]


def test_a_repeat_of_what_was_held_when_its_day_was_sealed_is_told_so(
    shop: Funnel, home: Installation, clock: SetClock
) -> None:
    shop.move("PAUSED")
    ctx = shop.click(TAGS, person=1).ctx
    assert shop.convert(ctx, "held")["disposition"] == "HELD"
    clock.advance(62 * DAY)
    retain(home)
    assert not shop.rows("conversions")
    again = shop.send(ctx, "held")
    assert (again.status_code, again.json()["disposition"]) == (200, "HELD")
