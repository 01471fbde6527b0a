"""The one door to storage, on both engines: whole or not at all, again after a conflict, away means 503."""

import asyncio
import sqlite3
import threading

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from conftest import MakeInstallation
from funnelproof.errors import Unavailable
from funnelproof.storage import changes
from funnelproof.storage.bulk import insert_rows
from funnelproof.storage.database import Database, RunAgain, Transaction
from funnelproof.storage.schema import leases, world_numbers
from funnelproof.storage.statements import add_up, add_up_returning, insert_new

LEASE = {"name": "a", "holder": "me", "until": 1}


def names(database: Database) -> list[str]:
    return [row["name"] for row in database.read_now(lambda tx: tx.all(select(leases).order_by(leases.c.name)))]


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def work(tx: Transaction) -> None:
        tx.execute(insert(leases), LEASE)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.write_now(work)
    assert names(database) == []


def test_a_conflict_runs_the_whole_again_at_most_three_times(database: Database) -> None:
    tries: list[int] = []

    def work(tx: Transaction) -> int:
        tries.append(1)
        tx.execute(insert(leases), LEASE)
        if len(tries) < 4:
            raise RunAgain("somebody was first")
        return len(tries)

    assert database.write_now(work) == 4
    assert names(database) == ["a"]


def test_a_conflict_that_does_not_end_is_unavailable(database: Database) -> None:
    def work(_tx: Transaction) -> None:
        raise RunAgain("somebody was first")

    with pytest.raises(Unavailable, match="nothing is stored twice"):
        database.write_now(work)


def test_trouble_of_storage_is_unavailable_and_a_wrong_row_is_not(database: Database) -> None:
    def away(_tx: Transaction) -> None:
        raise OperationalError("select 1", {}, Exception("disk I/O error"))

    with pytest.raises(Unavailable):
        database.write_now(away)
    database.write_now(lambda tx: tx.execute(insert(leases), LEASE))
    with pytest.raises(IntegrityError):
        database.write_now(lambda tx: tx.execute(insert(leases), LEASE))


def test_a_database_that_may_only_be_read_just_now_is_unavailable(make_installation: MakeInstallation) -> None:
    """A standby after a failover: buyers are told to come back, or led on; nobody looks for a claim that is wrong."""
    database = make_installation("postgresql").database

    def work(tx: Transaction) -> None:
        tx.execute(text("SET TRANSACTION READ ONLY"))
        insert_rows(tx, leases, ("name", "holder", "until"), [("a", "me", 1)])

    with pytest.raises(Unavailable):
        database.write_now(work)
    with pytest.raises(Unavailable):
        database.write_now(
            lambda tx: (tx.execute(text("SET TRANSACTION READ ONLY")), tx.execute(insert(leases), LEASE))
        )


class LockedDesk:
    """Somebody else holds the lock, and in the end too long."""

    def __init__(self) -> None:
        self.locked, self.asked, self.rolled_back = threading.Event(), threading.Event(), 0

    def begin(self, *, wait: bool) -> None:
        if wait:
            self.asked.set()
            self.locked.wait(10)
            raise sqlite3.OperationalError("database is locked")

    def commit(self) -> None:
        raise AssertionError("nothing was begun")

    def roll_back(self) -> None:
        self.rolled_back += 1

    def close(self) -> None: ...


def test_who_is_cancelled_while_waiting_in_vain_ends_nobody_elses_turn(make_installation: MakeInstallation) -> None:
    database = make_installation("sqlite").database
    database.engines.desk, desk = LockedDesk(), database.engines.desk

    async def give_up(locked: LockedDesk) -> None:
        waiting = asyncio.create_task(database.write_together(lambda _: None))
        assert await asyncio.to_thread(locked.asked.wait, 10)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        locked.locked.set()

    locked = database.engines.desk
    asyncio.run(give_up(locked))
    database._at_desk.submit(int).result(10)
    assert locked.rolled_back == 0
    database.engines.desk = desk


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)read-?only|not available"):
        database.read_now(lambda tx: tx.execute(insert(leases), LEASE))
    assert names(database) == []


def test_listeners_hear_of_a_change_after_its_commit_and_not_without_one(database: Database) -> None:
    heard: list[str] = []
    database.on_change(heard.append)

    def fails(tx: Transaction) -> None:
        changes.bump(tx, "gharart")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.write_now(fails)
    assert heard == []
    for _ in range(2):
        database.write_now(lambda tx: [changes.bump(tx, "gharart") for _ in range(3)])
    assert heard == ["gharart", "gharart"]
    assert database.read_now(lambda tx: changes.versions(tx, ["gharart"])) == {"gharart": 2}


def test_new_rows_are_told_from_those_that_stood(database: Database) -> None:
    rows = [{**LEASE, "name": name} for name in ("c", "a", "b")]

    def work(tx: Transaction) -> tuple[set[tuple[str]], set[tuple[str]]]:
        return insert_new(tx, leases, rows[:2], returning=["name"]), insert_new(tx, leases, rows, returning=["name"])

    assert database.write_now(work) == ({("a",), ("c",)}, {("b",)})
    assert database.write_now(lambda tx: insert_new(tx, leases, [], returning=["name"])) == set()


def test_counters_add_up_and_answer_how_they_stand(database: Database) -> None:
    rows = [{"handle": "b", "last_number": 2}, {"handle": "a", "last_number": -1}]
    database.write_now(lambda tx: add_up(tx, world_numbers, rows))
    after = database.write_now(lambda tx: add_up_returning(tx, world_numbers, rows))
    assert {row["handle"]: row["last_number"] for row in after} == {"b": 4, "a": -2}
    assert database.write_now(lambda tx: add_up_returning(tx, world_numbers, [])) == []


def test_this_database_loses_nothing_that_was_acknowledged(database: Database) -> None:
    assert database.engines.check_durable() == []


def test_a_database_that_could_lose_is_named(database: Database) -> None:
    if database.engines.writing.dialect.name != "sqlite":
        pytest.skip("a server's settings are not ours to change")
    with database.engines.writing.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA synchronous=OFF")
    assert "synchronous=0" in database.engines.check_durable()[0]
