"""Full local days while ACTIVE."""

import pytest

from funnelproof.clock import DAY, HOUR, MINUTE, SECOND, from_iso
from funnelproof.handles.handle import FIRST_TIER, ConsentDefault, Handle, ZoneFrom
from funnelproof.results.days import active_spans, full_days


def handle(zone: str) -> Handle:
    return Handle("h", "h", zone, "EUR", FIRST_TIER, ConsentDefault.FULL, 396, 0, 1, (ZoneFrom(0, zone),))


MONDAY = from_iso("2026-11-23T00:00:00Z")
START = MONDAY + 9 * HOUR
CASES = [
    ("only whole days count", [(START, "ACTIVE")], START + 3 * DAY, 2),
    ("from midnight to midnight", [(MONDAY, "ACTIVE")], MONDAY + 3 * DAY, 3),
    ("a second late is on time", [(MONDAY + SECOND, "ACTIVE")], MONDAY + 3 * DAY, 3),
    ("a pause of an hour costs its day", [(MONDAY, "ACTIVE"), (START, "PAUSED"), (START + HOUR, "ACTIVE")], None, 2),
    ("a slip of a minute does not", [(MONDAY, "ACTIVE"), (START, "PAUSED"), (START + MINUTE, "ACTIVE")], None, 3),
    ("paused for good", [(MONDAY, "ACTIVE"), (MONDAY + DAY, "PAUSED")], None, 1),
    ("never active", [(MONDAY, "DRAFT")], None, 0),
]


@pytest.mark.parametrize(("moves", "until", "days"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_days_are_counted_that_were_active_from_first_to_last(
    moves: list[tuple[int, str]], until: int | None, days: int
) -> None:
    end = MONDAY + 3 * DAY if until is None else until
    assert full_days(active_spans(moves, end), handle("UTC"), since=moves[0][0], until=end) == days


def test_days_begin_at_the_handles_midnight() -> None:
    moves = [(from_iso("2026-11-23T18:30:00Z"), "ACTIVE")]
    until = from_iso("2026-11-24T18:30:00Z")
    assert full_days(active_spans(moves, until), handle("Asia/Kolkata"), since=moves[0][0], until=until) == 1
    assert full_days(active_spans(moves, until), handle("UTC"), since=moves[0][0], until=until) == 0


def test_the_day_that_the_clocks_change_is_a_day() -> None:
    since, until = from_iso("2026-10-24T22:00:00Z"), from_iso("2026-10-25T23:00:00Z")
    assert full_days([(since, until)], handle("Europe/Berlin"), since=since, until=until) == 1


def test_an_epoch_counts_only_its_own_days() -> None:
    assert full_days([(MONDAY, MONDAY + 9 * DAY)], handle("UTC"), since=MONDAY + 5 * DAY, until=MONDAY + 9 * DAY) == 4
