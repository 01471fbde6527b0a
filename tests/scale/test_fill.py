"""Made-up events are as consistent as those that came through the doors: the recount finds every counter equal."""

from bench.fill import BUSY, HANDLE, Filled
from bench.traffic import make_traffic
from funnelproof.clock import from_iso
from funnelproof.health.check import Status
from funnelproof.health.examine import examine
from funnelproof.installation import Installation
from funnelproof.recount.compare import recount

NOW = from_iso("2026-11-23T09:00:00Z")


def test_every_counter_of_a_fill_equals_the_recount(filled: tuple[Filled, Installation]) -> None:
    made, home = filled
    report = recount(home.database, now=home.clock.now())
    assert report.differences == []
    assert report.equal > 5000
    assert (made.events, made.rows["clicks"], made.rows["conversions"]) == (3000, 2850, 150)
    health = home.database.read_now(lambda tx: examine(tx, HANDLE, BUSY, now=home.clock.now()))
    assert [check.id for check in health.checks if check.status is Status.FAIL] == []


def test_the_same_seed_makes_the_same_traffic() -> None:
    first, second, other = (make_traffic(500, seed=seed, campaigns=3, now=NOW) for seed in (7, 7, 8))
    assert first.clicks.at.tolist() == second.clicks.at.tolist()
    assert first.conversions.value.tolist() == second.conversions.value.tolist()
    assert first.clicks.at.tolist() != other.clicks.at.tolist()
    assert (first.clicks.at.max() <= NOW, first.conversions.at.max() <= NOW) == (True, True)
