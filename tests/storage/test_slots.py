"""Each worker counts under a slot of its own: by lock files in one folder, by advisory locks on one PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from conftest import MakeInstallation
from elsewhere import another_process
from funnelproof.installation import Installation
from funnelproof.storage.database import Database
from funnelproof.storage.postgres import PostgresEngines
from funnelproof.storage.slots import ADVISORY_CLASS, SLOTS, SharedSlot, hold_slot, take_file

END_HOLDERS = f"""
SELECT pg_terminate_backend(pid, 2000) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND classid = {ADVISORY_CLASS} AND datname = current_database()
"""  # noqa: S608 - a number of ours


@pytest.fixture
def nodes(make_installation: MakeInstallation) -> Iterator[list[Database]]:
    """As many processes as there are slots, and one more, on one PostgreSQL."""
    home: Installation = make_installation("postgresql")
    with ExitStack() as stack:
        yield [home.database, *(stack.enter_context(another_process(home)).database for _ in range(SLOTS))]


def end_connections_of_holders(database: Database) -> None:
    with database.engines.reading.connect() as connection:
        connection.exec_driver_sql(END_HOLDERS)


def test_processes_of_one_postgresql_hold_different_slots_and_the_seventeenth_shares(nodes: list[Database]) -> None:
    held = [SharedSlot(database) for database in nodes]
    for slot in held:
        slot.look()
    assert sorted(database.slot for database in nodes[:SLOTS]) == list(range(SLOTS))
    assert nodes[SLOTS].slot in range(SLOTS)
    left = nodes[3].slot
    held[3].let_go()
    held[SLOTS].look()
    assert nodes[SLOTS].slot == left
    for slot in held:
        slot.let_go()


def test_a_lost_connection_costs_the_slot_for_a_moment_and_nothing_else(
    nodes: list[Database], caplog: pytest.LogCaptureFixture
) -> None:
    database, other = nodes[0], nodes[1]
    mine, others = SharedSlot(database), SharedSlot(other)
    mine.look()
    others.look()
    before = database.slot
    end_connections_of_holders(other)
    mine.look()
    assert database.slot == before
    assert "is not held any more" in caplog.text
    mine.look()
    assert database.slot == before
    others.look()
    others.look()
    assert other.slot != before
    mine.let_go()
    others.let_go()


def test_a_slot_that_was_lost_to_another_process_is_replaced(nodes: list[Database]) -> None:
    mine, others = SharedSlot(nodes[0]), SharedSlot(nodes[1])
    mine.look()
    lost = nodes[0].slot
    mine.let_go()
    nodes[1].slot = lost
    others.look()
    mine.look()
    assert (nodes[1].slot, nodes[0].slot == lost) == (lost, False)
    mine.let_go()
    others.let_go()


def test_where_postgresql_is_away_a_process_counts_on_under_some_slot(caplog: pytest.LogCaptureFixture) -> None:
    database = Database(PostgresEngines("postgresql://nobody@127.0.0.1:1/nothing"))
    SharedSlot(database).look()
    assert database.slot in range(SLOTS)
    assert "is not held any more" in caplog.text
    database.close()


def test_processes_of_one_folder_hold_different_files_and_the_seventeenth_shares(tmp_path: Path) -> None:
    taken = [take_file(tmp_path) for _ in range(SLOTS)]
    assert taken == list(range(SLOTS))
    assert take_file(tmp_path) in range(SLOTS)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"slot-{slot}.lock" for slot in range(SLOTS))


def test_on_sqlite_the_slot_is_that_of_a_file(installation: Installation, tmp_path: Path) -> None:
    take_file(tmp_path)
    hold_slot(installation.database, tmp_path)
    assert installation.database.slot == 1
