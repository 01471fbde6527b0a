"""A dimension has a thousand values a day at the most; the rest is `(other)`, and every sum still holds."""

from collections.abc import Iterator

import pytest

from cast import Client, make_cast
from conftest import MakeInstallation
from elsewhere import another_process
from funnel import Funnel
from funnelproof.app import Application
from funnelproof.clock import DAY, SetClock
from funnelproof.installation import Installation
from funnelproof.recount.compare import recount
from funnelproof.storage.database import Database
from funnelproof.tallies import cap, store
from funnelproof.tallies.move import Moves, Place


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cap, "MOST", 3)


@pytest.fixture
def home(make_installation: MakeInstallation, engine_kind: str) -> Installation:
    return make_installation(engine_kind)


@pytest.fixture
def shop(home: Installation) -> Iterator[Funnel]:
    with Client(Application(home)) as client:
        yield Funnel(client, make_cast(home))


def count(database: Database, *sources: str, day: str = "2026-11-23", **amounts: int) -> None:
    moves = Moves()
    for source in sources:
        moves.add_day(Place("gharart", "live", "c", day, {"source": source}), **(amounts or {"clicks": 1}))
    database.write_now(lambda tx: store.move(tx, moves))


def clicks(database: Database, dimension: str = "source", day: str = "2026-11-23") -> dict[str, int]:
    ask = {"handle": "gharart", "worlds": ["live"], "campaign_id": "c", "dimension": dimension, "between": (day, day)}
    rows = database.read_now(lambda tx: store.days(tx, **ask))  # type: ignore[arg-type]
    return {row["value"]: row["clicks"] for row in rows}


def test_values_beyond_the_limit_are_other_and_those_before_it_stay(database: Database) -> None:
    count(database, "a", "b")
    count(database, "e", "d", "c", "a")
    count(database, "a", "c", "f", "b")
    assert clicks(database) == {"a": 3, "b": 2, "c": 2, "(other)": 3}
    assert clicks(database, "all") == {"": 10}


def test_each_day_has_a_list_of_its_own(database: Database) -> None:
    count(database, "a", "b", "c", "d")
    count(database, "d", "e", day="2026-11-24")
    assert clicks(database, day="2026-11-24") == {"d": 1, "e": 1}


def test_another_process_counts_under_the_same_names(home: Installation) -> None:
    with another_process(home) as other:
        count(home.database, "a", "b")
        count(other.database, "c", "d")
        count(home.database, "c", "d", "a")
        count(other.database, "d", "b")
        assert clicks(home.database) == {"a": 2, "b": 2, "c": 2, "(other)": 3}


def test_a_transaction_that_fails_takes_no_room(database: Database) -> None:
    def fails(tx: object) -> None:
        moves = Moves()
        moves.add_day(Place("gharart", "live", "c", "2026-11-23", {"source": "lost"}), clicks=1)
        store.move(tx, moves)  # type: ignore[arg-type]
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.write_now(fails)
    count(database, "a", "b", "c", "d")
    assert clicks(database) == {"a": 1, "b": 1, "c": 1, "(other)": 1}


def test_counters_still_equal_the_rows(shop: Funnel, home: Installation, clock: SetClock) -> None:
    shop.campaign()
    ctxs = [shop.click(f"utm_source=s{person}", person=person).ctx for person in range(1, 9)]
    clock.advance(DAY)
    for at, ctx in enumerate(ctxs):
        shop.convert(ctx, f"order-{at}", value="5")
        shop.client.post("/v2/public/arrivals", {"ctx": ctx})
    shop.click("utm_source=s8", person=8)
    assert recount(home.database, now=home.clock.now()).differences == []
    sources = [row for row in shop.rows("day_tallies") if row["dimension"] == "source"]
    assert sum(row["visitors"] for row in sources) == sum(row["converters"] for row in sources) == 8
    assert all(row["converters"] <= row["visitors"] for row in sources)
