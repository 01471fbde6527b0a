"""A server that is killed while people buy: what it acknowledged is there, exactly once."""

from pathlib import Path

import pytest

from bench.soak.buyers import Acknowledged
from faults.load import buyers, check_nothing_lost_or_doubled, kill, wait_for, workers_of
from faults.place import Place

KILLS = 3


def test_three_kills_under_load_lose_and_double_nothing(place: Place) -> None:
    seen = Acknowledged()
    for round_ in range(KILLS):
        with place.serving() as served, buyers(served.url, seen, tag=f"{round_}-"):
            wait_for(seen, 60)
            kill(served)
    with place.serving() as served, buyers(served.url, seen, tag="last-"):
        wait_for(seen, 20)
    check_nothing_lost_or_doubled(place, seen)


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_workers_are_replaced_and_orders_go_on(data: Path, workers: int) -> None:
    place, seen = Place(data), Acknowledged()
    with place.serving("--workers", str(workers)) as served, buyers(served.url, seen):
        wait_for(seen, 40)
        for worker in workers_of(served):
            worker.kill()
            wait_for(seen, 40)
    assert seen.broken > 0
    check_nothing_lost_or_doubled(place, seen)
