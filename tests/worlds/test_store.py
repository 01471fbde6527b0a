"""Worlds as rows, on both engines: what is read back is what was stored, numbers are given once."""

from dataclasses import replace

import pytest

from clicks.samples import CAMPAIGN, LINK, OWNER
from funnelproof.links.link import RoutingRule, When
from funnelproof.storage.database import Database
from funnelproof.worlds import store
from funnelproof.worlds.route import Snapshot
from funnelproof.worlds.world import World

RULED = replace(LINK, routing_rules=(RoutingRule(1, When(country_in=("IN",)), "https://in.example/"),), tags=("a",))
SNAPSHOT = Snapshot(OWNER, replace(CAMPAIGN, primary_slug="buy-now", tag_policy={"required": ["utm_source"]}), (RULED,))
WORLD = World("gharart", "run_" + "0" * 32, 1, "new-buyer-funnel", "seed", 5, SNAPSHOT, 5, None, 1)


def test_a_world_is_read_back_as_it_was_stored(database: Database) -> None:
    database.write_now(lambda tx: store.add(tx, WORLD))
    assert database.read_now(lambda tx: store.find(tx, WORLD.handle, WORLD.world)) == WORLD
    assert database.read_now(lambda tx: store.by_numbers(tx, "gharart", {1, 2})) == {1: WORLD}
    assert database.read_now(lambda tx: store.by_numbers(tx, "elsewhere", {1})) == {}
    assert database.read_now(lambda tx: store.names_of(tx, "gharart")) == [WORLD.world]
    assert database.read_now(lambda tx: store.opened_for(tx, "gharart", "other")) == []


def test_a_world_changes_by_its_clock_and_its_plan(database: Database) -> None:
    changed = replace(WORLD, clock_at=9, closed_at=10, revision=2)
    database.write_now(lambda tx: store.add(tx, WORLD))
    database.write_now(lambda tx: store.advance(tx, "gharart", WORLD.world, 9))
    database.write_now(lambda tx: store.replace(tx, changed))
    assert database.write_now(lambda tx: store.lock(tx, "gharart", WORLD.world)) == changed


def test_a_number_is_given_once_within_a_handle(database: Database) -> None:
    def next_of(handle: str) -> int:
        return database.write_now(lambda tx: store.next_number(tx, handle))

    assert [next_of("gharart"), next_of("gharart"), next_of("elsewhere"), next_of("gharart")] == [1, 2, 1, 3]


@pytest.mark.parametrize(("slug", "found"), [("buy-now", True), ("other", False)])
def test_a_snapshot_knows_its_own_links(slug: str, *, found: bool) -> None:
    assert (SNAPSHOT.route(slug) is not None) is found
    assert SNAPSHOT.primary_link == RULED
