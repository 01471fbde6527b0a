"""A clean stop while people buy: all that was accepted is answered, and the server is gone within ten seconds."""

import pytest

from bench.soak.buyers import Acknowledged
from bench.soak.ledger import stored
from faults.load import buyers, check_nothing_lost_or_doubled, wait_for
from faults.place import Place
from funnelproof.storage.database import Database
from patience import promised


@pytest.mark.parametrize("workers", [1, 2])
def test_a_clean_stop_answers_what_it_accepted(place: Place, workers: int) -> None:
    seen = Acknowledged()
    with place.serving("--workers", str(workers)) as served, buyers(served.url, seen, number=8):
        wait_for(seen, 60)
        served.process.terminate()
        assert served.process.wait(promised(10)) == 0
    check_nothing_lost_or_doubled(place, seen)
    assert _stored_in(place) == (seen.clicks, set(seen.conversions))


def _stored_in(place: Place) -> tuple[set[str], set[str]]:
    database = Database(place.engines())
    found = stored(database)
    database.close()
    return found.clicks, set(found.conversions)
