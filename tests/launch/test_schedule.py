"""The timer: startsAt and endsAt count at once, and are written down by the job."""

from typing import Any

import pytest

from cast import Actor, Cast, Client
from funnelproof.clock import HOUR, SetClock, iso
from funnelproof.installation import Installation
from funnelproof.launch.schedule import run_due
from launch.conftest import CAMPAIGN, CAMPAIGNS, GUARDED

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def owner(cast: Cast) -> Actor:
    """A token of the owner, which lives longer than a session."""
    return cast.token("campaigns.*")


def make(client: Client, owner: Actor, **more: Any) -> None:
    assert client.post(CAMPAIGNS, {**GUARDED, "launchPolicy": "OPEN", **more}, by=owner).status_code == 201


def tick(home: Installation) -> int:
    return home.database.write_now(lambda tx: run_due(tx, home.clock.now()))


def status(client: Client, owner: Actor) -> str:
    return str(client.get(CAMPAIGN, by=owner).json()["status"])


def cohort(client: Client) -> str:
    ctx = client.get("/gharart/buy-now", headers=BROWSER).headers["location"].rpartition("ctx=")[2]
    return str(client.get(f"/v2/public/context?ctx={ctx}").json()["cohort"])


def test_what_is_due_starts_and_ends_and_the_timer_signs_for_it(
    client: Client, owner: Actor, installation: Installation, clock: SetClock
) -> None:
    make(client, owner, startsAt=iso(clock.now() + HOUR), endsAt=iso(clock.now() + 2 * HOUR))
    assert (tick(installation), status(client, owner)) == (0, "DRAFT")
    clock.advance(HOUR)
    assert (tick(installation), status(client, owner)) == (1, "ACTIVE")
    clock.advance(HOUR)
    assert (tick(installation), tick(installation), status(client, owner)) == (1, 0, "COMPLETED")
    actors = {entry["actor"] for entry in client.get(f"{CAMPAIGN}/history?limit=2", by=owner).json()["items"]}
    assert actors == {"timer"}


def test_the_clock_counts_at_once_before_the_timer_has_come(client: Client, owner: Actor, clock: SetClock) -> None:
    make(client, owner, startsAt=iso(clock.now() + HOUR), endsAt=iso(clock.now() + 2 * HOUR))
    seen = [cohort(client)]
    for _ in range(2):
        clock.advance(HOUR)
        seen.append(cohort(client))
    assert seen == ["PAUSED", "ENTERED", "AFTER"]


def test_a_closed_gate_keeps_a_campaign_draft_until_it_opens(
    client: Client, owner: Actor, installation: Installation, clock: SetClock
) -> None:
    make(client, owner, startsAt=iso(clock.now()), launchPolicy="GUARDED")
    assert (tick(installation), status(client, owner)) == (0, "DRAFT")
    client.post(f"{CAMPAIGN}/test-conversion", by=owner)
    assert (tick(installation), status(client, owner)) == (1, "ACTIVE")


def test_what_a_person_took_back_the_timer_does_not_start(
    client: Client, owner: Actor, installation: Installation, clock: SetClock
) -> None:
    make(client, owner, startsAt=iso(clock.now()), status="ACTIVE")
    for to in ("PAUSED", "DRAFT"):
        client.post(f"{CAMPAIGN}/transitions", {"to": to}, by=owner)
    assert (tick(installation), status(client, owner), cohort(client)) == (0, "DRAFT", "PAUSED")
