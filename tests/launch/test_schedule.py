"""The timer: startsAt and endsAt count at once, and are written down by the job."""

from typing import Any

import pytest

from cast import Actor, Cast, Client
from funnelproof.clock import HOUR, SetClock, iso
from funnelproof.installation import Installation
from funnelproof.launch import schedule
from funnelproof.launch.schedule import Timer
from launch.conftest import CAMPAIGN, CAMPAIGNS, GUARDED

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def owner(cast: Cast) -> Actor:
    """A token of the owner, which lives longer than a session."""
    return cast.token("campaigns.*")


def make(client: Client, owner: Actor, **more: Any) -> None:
    assert client.post(CAMPAIGNS, {**GUARDED, "launchPolicy": "OPEN", **more}, by=owner).status_code == 201


def make_named(client: Client, owner: Actor, name: str, **more: Any) -> None:
    link = {"slug": name, "destinationUrl": "https://shop.gharart.example/a"}
    make(client, owner, campaignId=name, primaryLink=link, **more)


def tick(home: Installation, timer: Timer | None = None) -> int:
    return home.database.write_now(timer or Timer(home.clock.now))


def status(client: Client, owner: Actor, path: str = CAMPAIGN) -> str:
    return str(client.get(path, by=owner).json()["status"])


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
    moves = client.get(f"{CAMPAIGN}/history?limit=2", by=owner).json()["items"]
    assert {entry["actor"] for entry in moves} == {"timer"}
    assert [entry["reason"] for entry in moves] == ["endsAt has come", "startsAt has come"]
    assert all(entry["health"] and len(entry["configDigest"]) == 64 for entry in moves)


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


def test_closed_gates_however_many_keep_nobody_else_waiting(
    client: Client, owner: Actor, installation: Installation, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "AT_ONCE", 2)
    now = clock.now()
    for name in ("closed-a", "closed-b", "closed-c", "closed-d", "proven"):
        make_named(client, owner, name, startsAt=iso(now), launchPolicy="GUARDED")
    make_named(client, owner, "starts", startsAt=iso(now))
    make_named(client, owner, "too-late", startsAt=iso(now), endsAt=iso(now + HOUR))
    make_named(client, owner, "ends", status="ACTIVE", endsAt=iso(now + HOUR))
    clock.advance(HOUR)
    assert client.post(f"{CAMPAIGNS}/proven/test-conversion", by=owner).status_code < 300
    timer = Timer(clock.now)
    assert [tick(installation, timer) for _ in range(4)] == [2, 0, 1, 0]
    names = ("starts", "ends", "proven", "too-late", "closed-a", "closed-d")
    seen = [status(client, owner, f"{CAMPAIGNS}/{name}") for name in names]
    assert seen == ["ACTIVE", "COMPLETED", "ACTIVE", "DRAFT", "DRAFT", "DRAFT"]
    assert client.post(f"{CAMPAIGNS}/closed-a/test-conversion", by=owner).status_code < 300
    assert sum(tick(installation, timer) for _ in range(3)) == 1


def test_what_a_person_took_back_the_timer_does_not_start(
    client: Client, owner: Actor, installation: Installation, clock: SetClock
) -> None:
    make(client, owner, startsAt=iso(clock.now()), status="ACTIVE")
    for to in ("PAUSED", "DRAFT"):
        client.post(f"{CAMPAIGN}/transitions", {"to": to}, by=owner)
    assert (tick(installation), status(client, owner), cohort(client)) == (0, "DRAFT", "PAUSED")
