"""Tallies on both engines: added to under the worker's slot, summed over slots when read."""

from sqlalchemy import select

from funnelproof.storage.database import Database, Transaction
from funnelproof.storage.schema import quarter_tallies
from funnelproof.tallies import store
from funnelproof.tallies.move import QUARTER, Moves, Place

KEY = ("gharart", "live", "c", 1, 1, 2, "ENTERED", "COOKIE", "")


def place(day: str = "2026-11-23", world: str = "live") -> Place:
    return Place("gharart", world, "c", day, {"variant": "2"})


def moved() -> Moves:
    moves = Moves()
    moves.add_day(place(), clicks=2, visitors=1)
    moves.add_day(place("2026-11-24"), clicks=1)
    moves.add_day(place(), currency="USD", gross_minor=500, net_minor=500)
    moves.add_phase(KEY, visitors=1)
    moves.add_quarter(("gharart", "live", "c"), QUARTER, "clicks", "buy-now", 3)
    return moves


def move(database: Database, moves: Moves, slot: int = 0) -> None:
    database.slot = slot
    database.write_now(lambda tx: store.move(tx, moves))


def test_workers_add_in_slots_of_their_own_and_reads_sum_them(database: Database) -> None:
    for slot in (0, 1, 0):
        move(database, moved(), slot)

    def read(tx: Transaction) -> tuple[object, ...]:
        totals = store.funnel_totals(tx, "gharart", "live", ["c", "other"])
        between = ("2026-11-23", "2026-11-24")
        days = store.days(tx, handle="gharart", worlds=["live"], campaign_id="c", dimension="all", between=between)
        quarters = tx.all(select(quarter_tallies.c.slot, quarter_tallies.c.amount).order_by(quarter_tallies.c.slot))
        return (
            {name: row["clicks"] for name, row in totals.items()},
            [(row["currency"], row["gross_minor"]) for row in days if row["currency"]],
            [(row["slot"], row["amount"]) for row in quarters],
            store.entries(tx, "gharart", "live", "c", 1),
        )

    assert database.read_now(read) == ({"c": 9}, [("USD", 1500)], [(0, 6), (1, 3)], 3)


def test_days_are_read_by_dimension_and_worlds_do_not_mix(database: Database) -> None:
    move(database, moved())
    other = Moves()
    other.add_day(place(world="run_1"), clicks=7)
    move(database, other)

    def clicks(worlds: list[str], dimension: str, last: str) -> list[tuple[str, str, int]]:
        between = ("2026-11-23", last)
        ask = {"handle": "gharart", "worlds": worlds, "campaign_id": "c", "dimension": dimension, "between": between}
        rows = database.read_now(lambda tx: store.days(tx, **ask))  # type: ignore[arg-type]
        return [(row["day"], row["value"], row["clicks"]) for row in rows if not row["currency"]]

    assert clicks(["live"], "variant", "2026-11-23") == [("2026-11-23", "2", 2)]
    assert clicks(["live"], "all", "2026-11-24") == [("2026-11-23", "", 2), ("2026-11-24", "", 1)]
    assert clicks(["live", "run_1"], "all", "2026-11-23") == [("2026-11-23", "", 9)]


def test_a_visitor_moves_from_one_row_to_another_without_a_trace(database: Database) -> None:
    move(database, moved())
    moves = Moves()
    moves.add_phase(KEY, visitors=-1)
    moves.add_phase((*KEY[:5], 1, *KEY[6:]), visitors=1)
    move(database, moves, slot=3)
    rows = database.read_now(lambda tx: store.phases(tx, "gharart", "live", "c"))
    assert {row["variant"]: row["visitors"] for row in rows} == {1: 1, 2: 0}
