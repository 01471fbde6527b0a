"""The lane: who waits shares a commit, who breaks is refused alone, who is too many is told at once."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import insert, select

from funnelproof.errors import Problem, Unavailable
from funnelproof.storage import ingest
from funnelproof.storage.database import Database, Transaction
from funnelproof.storage.ingest import SHARE_IN_COMPANY, Lane, LaneFull
from funnelproof.storage.schema import leases
from funnelproof.storage.statements import insert_new

groups: list[int] = []


def keep(tx: Transaction, claims: Sequence[str]) -> list[str]:
    """Stores each name; a bad one breaks the whole group."""
    groups.append(len(claims))
    if "bad" in claims:
        raise ValueError("bad")
    if "refused" in claims:
        raise Problem("refused")
    tx.execute(insert(leases), [{"name": name, "holder": "", "until": 0} for name in claims])
    return [name.upper() for name in claims]


def away(_tx: Transaction, _claims: Sequence[str]) -> list[str]:
    raise Unavailable


async def told(lane: Lane, verb: Any, claim: str) -> object:
    return await lane.submit(verb, claim, handle="gharart")


def stored(database: Database) -> set[str]:
    return {row["name"] for row in database.read_now(lambda tx: tx.all(select(leases)))}


def submit_all(
    database: Database, names: list[str], *, waiting_limit: int = 100, group_limit: int = 100
) -> list[object]:
    """The answers to claims that are all submitted at once."""
    lane = Lane(database, waiting_limit=waiting_limit, group_limit=group_limit)
    groups.clear()

    async def submit() -> list[object]:
        return await asyncio.gather(*(told(lane, keep, name) for name in names), return_exceptions=True)

    answers = asyncio.run(submit())
    lane.close()
    return answers


class Held:
    """Whoever writes elsewhere holds a lane up until it is let go: what comes meanwhile waits."""

    def __init__(self, database: Database) -> None:
        self._database, self._begun, self._let_go = database, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: database.write_now(self._stand))

    def _stand(self, tx: Transaction) -> None:
        tx.execute(insert(leases), {"name": "held", "holder": "", "until": 0})
        self._begun.set()
        self._let_go.wait(10)

    def __enter__(self) -> "Held":
        self._thread.start()
        assert self._begun.wait(10)
        return self

    def let_go(self) -> None:
        self._let_go.set()

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._thread.join(10)


def want(tx: Transaction, claims: Sequence[str]) -> list[str]:
    """Waits for whoever holds the row `held`, on either engine."""
    insert_new(tx, leases, [{"name": "held", "holder": "", "until": 0}], returning=["name"])
    return keep(tx, claims)


def test_who_waits_shares_one_commit_and_is_answered_in_its_place(database: Database) -> None:
    assert submit_all(database, ["a", "b", "c"]) == ["A", "B", "C"]
    assert groups == [3]
    assert stored(database) == {"a", "b", "c"}


def test_a_group_is_no_larger_than_its_limit(database: Database) -> None:
    submit_all(database, [f"n{n}" for n in range(10)], group_limit=4)
    assert groups == [4, 4, 2]


@pytest.mark.parametrize(("bad", "kind"), [("bad", ValueError), ("refused", Problem)])
def test_a_claim_that_breaks_is_found_by_halving_and_refused_alone(
    database: Database, bad: str, kind: type[Exception]
) -> None:
    answers = submit_all(database, ["a", "b", bad, "c", "d", "e", "f", "g"])
    assert [isinstance(answer, kind) for answer in answers] == [False, False, True, False, False, False, False, False]
    assert stored(database) == {"a", "b", "c", "d", "e", "f", "g"}


def test_a_full_queue_says_so_at_once(database: Database) -> None:
    answers = submit_all(database, [f"n{n}" for n in range(30)], waiting_limit=20)
    assert sum(isinstance(answer, LaneFull) for answer in answers) == 10
    assert len(stored(database)) == 20


def test_when_storage_is_away_everybody_is_told(database: Database) -> None:
    lane = Lane(database, waiting_limit=10, group_limit=10)

    async def submit() -> list[object]:
        return await asyncio.gather(*(told(lane, away, str(n)) for n in range(5)), return_exceptions=True)

    assert all(isinstance(answer, Unavailable) for answer in asyncio.run(submit()))
    lane.close()


def test_what_comes_while_a_commit_is_under_way_shares_the_next(database: Database) -> None:
    lane = Lane(database, waiting_limit=10, group_limit=10)
    groups.clear()

    async def submit(held: Held) -> list[object]:
        first = asyncio.create_task(told(lane, want, "first"))
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(told(lane, keep, name)) for name in "abc"]
        await asyncio.sleep(0.05)
        held.let_go()
        return [await first, *await asyncio.gather(*others)]

    with Held(database) as held:
        assert asyncio.run(submit(held)) == ["FIRST", "A", "B", "C"]
    assert groups == [1, 3]
    lane.close()


def test_half_of_the_crowd_seen_last_is_waited_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "SECONDS_OF_A_CROWD", 60)
    monkeypatch.setattr(ingest, "LONGEST_WAIT_FOR_CROWD_SECONDS", 60)
    lane = Lane(database, waiting_limit=100, group_limit=100)
    groups.clear()

    async def submit() -> None:
        await asyncio.gather(*(told(lane, keep, f"first {n}") for n in range(8)))
        early = asyncio.create_task(told(lane, keep, "early"))
        await asyncio.sleep(0.02)
        assert not early.done()
        await asyncio.gather(early, *(told(lane, keep, f"late {n}") for n in range(3)))

    asyncio.run(submit())
    assert groups == [8, 4]
    lane.close()


def test_a_crowd_that_is_gone_is_waited_for_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "SECONDS_OF_A_CROWD", 60)
    lane = Lane(database, waiting_limit=100, group_limit=100)
    groups.clear()

    async def submit() -> None:
        await asyncio.gather(*(told(lane, keep, f"first {n}") for n in range(8)))
        await told(lane, keep, "lone")
        monkeypatch.setattr(ingest, "LONGEST_WAIT_FOR_CROWD_SECONDS", 60)
        await told(lane, keep, "lone again")

    asyncio.run(asyncio.wait_for(submit(), 30))
    assert groups == [8, 1, 1]
    lane.close()


def test_a_lane_that_is_held_up_leaves_the_event_loop_free(database: Database) -> None:
    lane = Lane(database, waiting_limit=10, group_limit=10)

    async def submit(held: Held) -> float:
        waiting = asyncio.create_task(told(lane, want, "first"))
        await asyncio.sleep(0)
        began = time.monotonic()
        await asyncio.sleep(0.05)
        slept = time.monotonic() - began
        held.let_go()
        await waiting
        return slept

    with Held(database) as held:
        assert asyncio.run(submit(held)) < 2
    lane.close()


def test_a_closing_lane_answers_what_it_accepted_and_takes_no_more(database: Database) -> None:
    lane = Lane(database, waiting_limit=10, group_limit=10)

    async def submit(held: Held) -> tuple[object, object]:
        accepted = asyncio.create_task(told(lane, want, "first"))
        await asyncio.sleep(0.05)
        closing = asyncio.create_task(asyncio.to_thread(lane.close))
        while not lane._closing:
            await asyncio.sleep(0.001)
        late = await asyncio.gather(told(lane, keep, "late"), return_exceptions=True)
        held.let_go()
        await closing
        return await accepted, late[0]

    with Held(database) as held:
        accepted, late = asyncio.run(submit(held))
    assert accepted == "FIRST"
    assert isinstance(late, Unavailable)


def test_an_event_loop_that_is_gone_does_not_stop_the_lane(database: Database) -> None:
    lane = Lane(database, waiting_limit=10, group_limit=10)

    async def leave() -> None:
        waiting = asyncio.create_task(told(lane, want, "gone"))
        await asyncio.sleep(0.05)
        waiting.cancel()

    with Held(database):
        asyncio.run(leave())
    assert asyncio.run(told(lane, keep, "next")) == "NEXT"
    lane.close()


def test_handles_take_turns_so_that_a_crowd_at_one_does_not_make_another_wait(database: Database) -> None:
    lane = Lane(database, waiting_limit=100, group_limit=4)
    done: list[str] = []

    async def one(name: str, handle: str) -> None:
        await lane.submit(keep, name, handle=handle)
        done.append(handle)

    async def submit() -> None:
        crowd = [one(f"crowd-{n}", "crowd") for n in range(20)]
        await asyncio.gather(*crowd, one("lone-1", "lone"), one("lone-2", "lone"))

    asyncio.run(submit())
    assert done[:8].count("lone") == 2
    lane.close()


def test_a_full_lane_still_takes_a_handle_of_which_nothing_waits(database: Database) -> None:
    lane = Lane(database, waiting_limit=16, group_limit=4)

    async def submit() -> list[object]:
        crowd = [asyncio.ensure_future(lane.submit(keep, f"n{n}", handle="crowd")) for n in range(16)]
        with pytest.raises(LaneFull):
            lane.submit(keep, "one too many", handle="crowd")
        lone = await lane.submit(keep, "lone", handle="lone")
        return [*await asyncio.gather(*crowd), lone]

    assert asyncio.run(submit())[-1] == "LONE"
    lane.close()


def test_where_handles_are_kept_apart_no_group_mixes_them(database: Database) -> None:
    lane = Lane(database, waiting_limit=100, group_limit=10)
    groups.clear()

    async def submit() -> None:
        await asyncio.gather(*(lane.submit(keep, f"{handle}{n}", handle=handle) for n in range(3) for handle in "ab"))

    asyncio.run(submit())
    assert groups == ([3, 3] if database.engines.handles_apart else [6])
    lane.close()


def test_a_crowd_fills_groups_alone_and_only_a_part_of_them_in_company(database: Database) -> None:
    lane = Lane(database, waiting_limit=1000, group_limit=256)

    async def submit(*waiting: tuple[str, int]) -> list[int]:
        groups.clear()
        claims = [lane.submit(keep, f"{handle}{n}", handle=handle) for handle, many in waiting for n in range(many)]
        await asyncio.gather(*claims)
        return list(groups)

    assert asyncio.run(submit(("crowd", 300))) == [256, 44]
    in_company = asyncio.run(submit(("other", 300), ("lone", 1)))
    assert max(in_company) <= SHARE_IN_COMPANY + 1
    assert sum(in_company) == 301
    lane.close()
