"""A server that is killed while people buy: what it acknowledged is there, exactly once."""

import time
from pathlib import Path

from cli.conftest import serving
from faults.load import Acknowledged, buyers, check_nothing_lost_or_doubled, kill, prepare, wait_for
from funnelproof.storage.database import Database
from funnelproof.storage.sqlite import SqliteEngines

KILLS = 3


def test_three_kills_under_load_lose_and_double_nothing(data: Path) -> None:
    seen = Acknowledged()
    for round_ in range(KILLS):
        with serving(data) as served:
            if round_ == 0:
                prepare(data, served)
            with buyers(served.url, seen, tag=f"{round_}-"):
                wait_for(seen, 60)
                kill(served)
    with serving(data) as served, buyers(served.url, seen, tag="last-"):
        wait_for(seen, 20)
    database = Database(SqliteEngines(data))
    check_nothing_lost_or_doubled(database, seen)
    database.close()


def test_a_clean_stop_answers_what_it_accepted(data: Path) -> None:
    seen = Acknowledged()
    with serving(data) as served:
        prepare(data, served)
        with buyers(served.url, seen):
            wait_for(seen, 60)
            began = time.monotonic()
            served.process.terminate()
            served.process.wait(15)
    assert time.monotonic() - began < 10
    database = Database(SqliteEngines(data))
    check_nothing_lost_or_doubled(database, seen)
    database.close()
