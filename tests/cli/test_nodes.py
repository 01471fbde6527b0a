"""Two servers with data folders of their own share one PostgreSQL, and are one installation."""

import base64
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import CAMPAIGN, funnelproof
from cli.nodes import (
    CAMPAIGNS,
    LINKS,
    WITHIN_SECONDS,
    Nodes,
    at_once,
    convert,
    ctx_in,
    follow,
    make_campaign,
    seconds_until,
    sign_in,
    stale_for,
    two_nodes,
)
from funnelproof.clock import SECOND, SystemClock, iso
from funnelproof.links.ctx import COHORTS, Cohort
from funnelproof.storage.slots import ADVISORY_CLASS
from patience import promised

OTHER_PAGE = "https://shop.gharart.example/other"
SLOTS_HELD = f"""
SELECT objid, pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND classid = {ADVISORY_CLASS} AND datname = current_database() ORDER BY objid
"""  # noqa: S608 - a number of ours


@pytest.fixture(scope="module")
def nodes(postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with two_nodes(postgres_server, tmp_path_factory.mktemp("nodes")) as nodes:
        with nodes.first.client(nodes.token) as client:
            make_campaign(client)
        yield nodes


def cohort_of(ctx: str) -> Cohort:
    payload = ctx.partition(".")[2]
    return COHORTS[base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))[1] >> 4]


def slots_held(nodes: Nodes) -> dict[int, int]:
    """The process in the database that holds each slot."""
    return dict(nodes.ask(SLOTS_HELD))


def test_nodes_hold_different_slots_and_take_one_again_when_it_is_lost(nodes: Nodes) -> None:
    before = slots_held(nodes)
    assert len(before) == 2
    nodes.ask("SELECT pg_terminate_backend(%s)", next(iter(before.values())))
    seconds_until(lambda: len(slots_held(nodes)) == 2 and slots_held(nodes) != before, at_most=60)
    with nodes.first.client() as first, nodes.second.client() as second:
        assert (follow(first).status_code, follow(second).status_code) == (302, 302)


def test_a_new_link_is_there_at_once_and_a_changed_destination_within_a_second(nodes: Nodes) -> None:
    with nodes.first.client(nodes.token) as first, nodes.second.client() as second:
        assert first.put(f"{LINKS}/here", json={"destinationUrl": OTHER_PAGE}).status_code == 201
        assert follow(second, "/gharart/here").headers["location"].startswith(OTHER_PAGE)
        elsewhere = "https://shop.gharart.example/elsewhere"
        assert first.put(f"{LINKS}/here", json={"destinationUrl": elsewhere}).status_code == 200
        took = stale_for(lambda: follow(second, "/gharart/here").headers["location"].startswith(elsewhere))
        assert took <= WITHIN_SECONDS


def test_a_pause_and_its_end_reach_the_other_node_within_a_second(nodes: Nodes) -> None:
    path = f"{CAMPAIGNS}/{CAMPAIGN['campaignId']}/transitions"
    with nodes.first.client(nodes.token) as first, nodes.second.client() as second:
        assert cohort_of(ctx_in(follow(second))) is not Cohort.PAUSED
        assert first.post(path, json={"to": "PAUSED"}).status_code == 200
        took = stale_for(lambda: cohort_of(ctx_in(follow(second))) is Cohort.PAUSED)
        assert first.post(path, json={"to": "ACTIVE"}).status_code == 200
        took_back = stale_for(lambda: cohort_of(ctx_in(follow(second))) is not Cohort.PAUSED)
    assert max(took, took_back) <= WITHIN_SECONDS


def test_a_key_rotated_on_one_node_is_accepted_by_the_other(nodes: Nodes) -> None:
    rotated = funnelproof("keys", "rotate", "--data", nodes.data, "--json", **nodes.variables)
    assert rotated.returncode == 0
    time.sleep(1.6)
    # The half minute until a new key signs, shortened in the database.
    moved = "UPDATE ring_keys SET signs_from = signs_from - 31000000 WHERE signs_from > %s"
    now = SystemClock().now()
    nodes.ask(moved, now)
    (key_id,) = [
        row[0] for row in nodes.ask("SELECT key_id FROM ring_keys WHERE purpose = 'ctx' AND retired_at IS NULL")
    ]
    with nodes.first.client() as first, nodes.second.client() as second:
        seconds_until(lambda: follow(first).headers["location"].rpartition("ctx=")[2].startswith(f"{key_id}."))
        assert convert(second, ctx_in(follow(first)), "rotated").status_code == 201
        bearer = {"authorization": f"Bearer {sign_in(first)}"}
        seconds_until(lambda: second.get("/v2/auth/me", headers=bearer).status_code == 200)


def test_clicks_and_orders_sent_to_both_count_once_each(nodes: Nodes) -> None:
    with nodes.first.client() as first, nodes.second.client() as second:
        pair = (first, second)

        def buy(at: int) -> list[int]:
            """A click here, its order there, and here once more."""
            ctx = ctx_in(follow(pair[at % 2]))
            return [convert(pair[side % 2], ctx, f"both-{at}").status_code for side in (at + 1, at)]

        answers = at_once(buy, 60)
        same = ctx_in(follow(first))
        storm = at_once(lambda at: convert(pair[at % 2], same, "one-for-all"), 24, hands=12)
    assert answers == [[201, 200]] * 60
    assert sorted(answer.status_code for answer in storm) == [200] * 23 + [201]
    assert len({answer.json()["conversionId"] for answer in storm}) == 1
    stored = "SELECT count(*), count(DISTINCT idempotency_key) FROM conversions WHERE idempotency_key LIKE 'both-%%'"
    assert nodes.ask(stored) == [(60, 60)]
    assert len(nodes.ask("SELECT DISTINCT slot FROM day_tallies")) >= 2
    report = nodes.recounted()
    assert (report["different"], report["equal"] > 100) == (0, True)


def holder_of(nodes: Nodes, job: str) -> str | None:
    """The process that does a job now."""
    rows = nodes.ask("SELECT holder FROM leases WHERE name = %s AND until > %s", job, SystemClock().now())
    return rows[0][0] if rows else None


def test_a_job_is_done_by_one_node_once_and_by_the_other_when_that_one_is_gone(
    postgres_server: Any, tmp_path: Path
) -> None:
    with two_nodes(postgres_server, tmp_path) as nodes:

        def starts() -> int:
            return int(nodes.ask("SELECT count(*) FROM campaign_history WHERE actor = 'timer'")[0][0])

        with nodes.first.client(nodes.token) as client:
            make_campaign(client, status="DRAFT", startsAt=iso(SystemClock().now() + 2 * SECOND))
        seconds_until(lambda: starts() == 1)
        at_work = {holder_of(nodes, "schedule") for _ in range(25) if time.sleep(0.1) is None}
        assert (len(at_work), None in at_work, starts()) == (1, False, 1)
        os.killpg(nodes.first.process.pid, 9)
        nodes.first.process.wait(10)
        # What a crash leaves behind runs out after 15 seconds: shortened in the database.
        nodes.ask("UPDATE leases SET until = until - 15000000 WHERE name = 'schedule'")
        assert seconds_until(lambda: holder_of(nodes, "schedule") is not None) < promised(5)
        nodes.second.process.terminate()
        assert nodes.second.process.wait(promised(10)) == 0
        assert holder_of(nodes, "schedule") is None


def test_a_node_with_another_secret_is_refused(nodes: Nodes, tmp_path: Path) -> None:
    wrong = {**nodes.variables, "FUNNELPROOF_SECRET": "another"}
    refused = funnelproof("serve", "--data", tmp_path, "--port", 0, **wrong)
    assert refused.returncode == 2
    assert "FUNNELPROOF_SECRET" in refused.stderr
