"""On PostgreSQL clicks lie in partitions by month; on SQLite in one table. Nobody who asks notices."""

import re
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text
from sqlalchemy.dialects import postgresql

from conftest import NOW, MakeInstallation
from funnelproof.clicks import store
from funnelproof.clock import DAY, Micros, SystemClock, from_iso, month_of, next_month
from funnelproof.ids import id_at
from funnelproof.storage.database import Database, Transaction
from funnelproof.storage.migrate import SCRIPTS, config, migrate
from funnelproof.storage.partitions import LISTED, keep_months, make_months
from funnelproof.storage.schema import clicks

LATER = from_iso("2040-06-15T12:00:00Z")


@pytest.fixture
def server(make_installation: MakeInstallation) -> Database:
    return make_installation("postgresql").database


def click_at(at: Micros, handle: str = "gharart") -> dict[str, Any]:
    """A row whose id was made at this time."""
    row: dict[str, Any] = {column.name: "x" for column in clicks.columns}
    whole = {"variant": 1, "epoch": 1, "phase": 1, "clicked_at": at, "with_ctx": True, "tags": None}
    return row | whole | {"handle": handle, "world": "live", "click_id": id_at("clk", at) + "7abc8abcdef012345678"}


def add(database: Database, *rows: dict[str, Any]) -> None:
    database.write_now(lambda tx: tx.execute(insert(clicks), list(rows)))


def partitions(database: Database) -> list[str]:
    return database.read_now(lambda tx: [row["name"] for row in tx.all(LISTED)])


def lies_in(database: Database, row: dict[str, Any]) -> str:
    statement = text("SELECT tableoid::regclass::text AS name FROM clicks WHERE click_id = :id")
    found = database.read_now(lambda tx: tx.one(statement, {"id": row["click_id"]}))
    assert found is not None
    return str(found["name"])


def keep(database: Database, now: Micros) -> int:
    return database.write_now(lambda tx: keep_months(tx, now))


def test_the_coming_months_are_made_ahead_and_once(server: Database) -> None:
    assert server.write_now(lambda tx: make_months(tx, month_of(LATER), 3)) == 4
    assert {"clicks_2040_06", "clicks_2040_07", "clicks_2040_08", "clicks_2040_09"} < set(partitions(server))
    keep(server, LATER)
    assert keep(server, LATER) == 0


def test_a_click_lies_in_the_partition_of_its_month(server: Database) -> None:
    keep(server, LATER)
    first, last = click_at(from_iso("2040-07-01T00:00:00Z")), click_at(from_iso("2040-07-31T23:59:59.999Z"))
    add(server, click_at(LATER), first, last)
    assert lies_in(server, click_at(LATER)) == "clicks_2040_06"
    assert lies_in(server, first) == lies_in(server, last) == "clicks_2040_07"


def test_what_fits_no_month_lies_in_the_rest_and_its_month_stays_there(server: Database) -> None:
    stray = click_at(from_iso("2031-01-01T00:00:00Z"))
    add(server, stray)
    assert lies_in(server, stray) == "clicks_rest"
    assert server.write_now(lambda tx: make_months(tx, "2031-01", 1)) == 1
    assert "clicks_2031_02" in partitions(server)
    assert lies_in(server, stray) == "clicks_rest"


def test_a_look_up_by_id_touches_one_partition(server: Database) -> None:
    keep(server, LATER)
    wanted = click_at(LATER)
    add(server, wanted, click_at(LATER + 31 * DAY))
    for where in (clicks.c.click_id == wanted["click_id"], clicks.c.click_id.in_([wanted["click_id"]])):
        statement = select(clicks).where(clicks.c.handle == "gharart", clicks.c.world == "live", where)
        assert _touched(server, statement) == {"clicks_2040_06"}
    found = server.read_now(lambda tx: store.find_click(tx, "gharart", "live", wanted["click_id"]))
    assert found is not None


def _touched(database: Database, statement: Any) -> set[str]:
    told = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})

    def explain(tx: Transaction) -> set[str]:
        plan = "\n".join(tx.execute(text(f"EXPLAIN {told}")).scalars())
        return set(re.findall(r"on (clicks\w*)", plan))

    return database.read_now(explain)


def test_a_past_month_goes_once_it_is_empty(server: Database) -> None:
    keep(server, LATER)
    row = click_at(LATER)
    add(server, row)
    after = LATER + 80 * DAY
    keep(server, after)
    assert "clicks_2040_06" in partitions(server)
    assert "clicks_2040_07" not in partitions(server)
    server.write_now(lambda tx: tx.execute(text("DELETE FROM clicks")))
    keep(server, after + 31 * DAY)
    assert "clicks_2040_06" not in partitions(server)
    assert {"clicks_2040_09", "clicks_rest"} < set(partitions(server))


def test_the_partitions_are_there_from_the_first_day(server: Database) -> None:
    months = [name for name in partitions(server) if re.fullmatch(r"clicks_\d{4}_\d\d", name)]
    assert len(months) >= 4
    assert "clicks_rest" in partitions(server)


def test_a_table_that_was_there_keeps_its_rows(server: Database) -> None:
    before = ScriptDirectory(str(SCRIPTS)).get_revision("0004").down_revision
    old, odd = click_at(NOW - 400 * DAY), {**click_at(NOW - 500 * DAY), "tags": None}
    with server.engines.writing.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        command.upgrade(config(connection), str(before))
        connection.execute(insert(clicks), [old, odd])
    migrate(server.engines)
    assert lies_in(server, old) == lies_in(server, odd) == "clicks_before"
    month = next_month(next_month(next_month(month_of(max(NOW, SystemClock().now())))))
    new = click_at(from_iso(f"{month}-05T00:00:00Z"))
    add(server, new)
    assert lies_in(server, new) == f"clicks_{month.replace('-', '_')}"
    assert server.read_now(lambda tx: store.find_click(tx, "gharart", "live", old["click_id"])) is not None


def test_sqlite_has_one_table_and_nothing_to_do(make_installation: MakeInstallation) -> None:
    database = make_installation().database
    assert keep(database, LATER) == 0
    add(database, click_at(LATER), click_at(NOW))
    assert database.read_now(lambda tx: tx.execute(text("SELECT count(*) FROM clicks")).scalar_one()) == 2
