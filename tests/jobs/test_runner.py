"""Timed work: leases by the database's clock, slices until nothing is left."""

import asyncio

from funnel import rows_of
from funnelproof.clock import MINUTE
from funnelproof.jobs.lease import take
from funnelproof.jobs.runner import Job, LongJob, Runner
from funnelproof.storage.database import Database, Transaction


def test_a_lease_is_held_by_one_and_prolonged_by_its_holder(database: Database) -> None:
    def taken(holder: str, lasts: int = MINUTE) -> bool:
        return database.write_now(lambda tx: take(tx, "seal", holder, lasts))

    assert (taken("one"), taken("two"), taken("one")) == (True, False, True)


def test_a_lease_that_ran_out_goes_to_whoever_asks(database: Database) -> None:
    assert database.write_now(lambda tx: take(tx, "seal", "one", -MINUTE))
    assert database.write_now(lambda tx: take(tx, "seal", "two", MINUTE))
    assert not database.write_now(lambda tx: take(tx, "seal", "one", MINUTE))


def test_a_process_that_ends_gives_its_leases_back(database: Database) -> None:
    def holders() -> list[str]:
        return [row["holder"] for row in rows_of(database, "leases")]

    async def run() -> None:
        jobs = [Job("one", 60, lambda _tx: 0), Job("two", 60, lambda _tx: 0)]
        first, second = Runner(database, jobs), Runner(database, jobs)
        await first.run_slice(jobs[0])
        await second.run_slice(jobs[1])
        assert len(set(holders())) == 2
        await first.stop()
        assert len(holders()) == 1
        await second.run_slice(jobs[0])
        assert len(holders()) == 2
        assert len(set(holders())) == 1

    asyncio.run(run())


def test_who_finds_a_lease_held_writes_nothing_and_waits_for_nobody(database: Database, engine_kind: str) -> None:
    database.write_now(lambda tx: take(tx, "seal", "one", MINUTE))
    if engine_kind == "sqlite":
        assert not database.read_now(lambda tx: take(tx, "seal", "two", MINUTE))
        return

    def while_one_works(tx: Transaction) -> bool:
        take(tx, "seal", "one", MINUTE)
        return database.read_now(lambda tx: take(tx, "seal", "two", MINUTE))

    assert not database.write_now(while_one_works)


def test_two_runners_do_each_slice_once(database: Database) -> None:
    left = [1] * 5

    def slice_of_work(_tx: Transaction) -> int:
        return left.pop() if left else 0

    async def run() -> list[int]:
        job = Job("work", 60, slice_of_work)
        first, second = Runner(database, [job]), Runner(database, [job])
        return [await first.run_slice(job), await second.run_slice(job), await first.run_slice(job)]

    assert asyncio.run(run()) == [1, 0, 1]
    assert len(left) == 3


def test_a_job_that_fails_is_tried_again_and_stops_no_other(database: Database) -> None:
    calls: list[str] = []

    def breaks(_tx: Transaction) -> int:
        calls.append("breaks")
        raise ValueError("a planted fault")

    def works(_tx: Transaction) -> int:
        calls.append("works")
        return 0

    async def run() -> None:
        runner = Runner(database, [Job("breaks", 0.01, breaks), Job("works", 0.01, works)])
        runner.start()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if calls.count("breaks") > 1 and calls.count("works") > 1:
                break
        await runner.stop()

    asyncio.run(run())
    assert calls.count("breaks") > 1
    assert calls.count("works") > 1


def test_long_work_is_begun_only_by_whoever_holds_the_lease(database: Database) -> None:
    begun: list[str] = []

    async def run() -> list[int]:
        def work_of(name: str) -> LongJob:
            async def work() -> int:
                begun.append(name)
                return await database.write(lambda _tx: 1)

            return LongJob("long", 60, work)

        runners = {name: Runner(database, []) for name in ("first", "second")}
        return [await runners[name].run_slice(work_of(name)) for name in ("first", "second", "first")]

    assert asyncio.run(run()) == [1, 0, 1]
    assert begun == ["first", "first"]
