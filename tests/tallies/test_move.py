"""What is collected before it is written: added up under each dimension, squares exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelproof.tallies.move import QUARTER, Moves, Place, squares

PLACE = Place("gharart", "live", "c", "2026-11-23", {"variant": "1", "country": "IN"})
REF = ("gharart", "live", "c")


def test_an_event_counts_under_all_and_under_each_dimension() -> None:
    moves = Moves()
    for _ in range(2):
        moves.add_day(PLACE, clicks=1, visitors=0)
    keys = {key[3:6] for key in moves.days}
    assert (
        keys == {("2026-11-23", "all", ""), ("2026-11-23", "variant", "1"), ("2026-11-23", "country", "IN")}
        or len(moves.days) == 3
    )
    assert all(counters["clicks"] == 2 for counters in moves.days.values())
    assert moves.worlds == {"live"}


def test_money_lies_under_its_currency() -> None:
    moves = Moves()
    moves.add_day(PLACE, conversions=1)
    moves.add_day(PLACE, currency="USD", gross_minor=500)
    assert len(moves.days) == 6


@pytest.mark.parametrize(
    ("at", "quarter"), [(0, 0), (QUARTER - 1, 0), (QUARTER, 1), (1_795_424_400_000_000, 1_994_916)]
)
def test_quarter_hours_are_counted_from_1970_utc(at: int, quarter: int) -> None:
    moves = Moves()
    moves.add_quarter(REF, at, "clicks", "buy-now")
    assert list(moves.quarters) == [(*REF, quarter, "clicks", "buy-now")]


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20))
def test_squares_are_exact_in_any_order_and_fit_64_bits(changes: list[int]) -> None:
    parts = []
    total = 0
    for change in changes:
        parts.append(squares((total + change) ** 2 - total**2))
        total += change
    high, low = (sum(part[at] for part in parts) for at in (0, 1))
    assert high * 10**9 + low == total**2
    assert max(abs(high), abs(low)) < 2**63
