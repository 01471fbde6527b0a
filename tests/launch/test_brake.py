"""A campaign with `pauseOnFail` stops by itself when its light turns to FAIL; who starts it again has the last word."""

from typing import Any

import pytest

from cast import Actor, Cast, Client, make_cast
from conftest import MakeInstallation
from funnelproof.app import Application
from funnelproof.clock import MINUTE, SetClock, iso
from funnelproof.launch.brake import Brake
from launch.conftest import CAMPAIGN, CAMPAIGNS, GUARDED

LINK = "/v2/handles/gharart/links/buy-now"
DESTINATION = "https://shop.gharart.example/a"


@pytest.fixture
def owner(cast: Cast) -> Actor:
    return cast.token("campaigns.*", "links.*")


@pytest.fixture(params=["sqlite", "postgresql"])
def application(make_installation: MakeInstallation, request: pytest.FixtureRequest) -> Application:
    return Application(make_installation(request.param))


@pytest.fixture
def cast(application: Application) -> Cast:
    return make_cast(application.home)


def make(client: Client, owner: Actor, **more: Any) -> None:
    body = {**GUARDED, "launchPolicy": "OPEN", "status": "ACTIVE", **more}
    assert client.post(CAMPAIGNS, body, by=owner).status_code == 201


def breaks(client: Client, owner: Actor, *, enabled: bool = False) -> str:
    """The light as it is read, and kept, after the link was switched."""
    told = {"destinationUrl": DESTINATION, "campaignId": "new-buyer-funnel", "enabled": enabled}
    assert client.put(LINK, told, by=owner).status_code == 200
    return str(client.get(f"{CAMPAIGN}/health", by=owner).json()["status"])


def brakes(application: Application) -> int:
    home = application.home
    return home.database.write_now(Brake(home.clock.now))


def status(client: Client, owner: Actor) -> str:
    return str(client.get(CAMPAIGN, by=owner).json()["status"])


def test_it_is_off_unless_it_is_asked_for(client: Client, owner: Actor, application: Application) -> None:
    make(client, owner)
    assert client.get(CAMPAIGN, by=owner).json()["pauseOnFail"] is False
    assert breaks(client, owner) == "FAIL"
    assert (brakes(application), status(client, owner)) == (0, "ACTIVE")


def test_a_light_that_turns_to_fail_pauses_once_and_says_why(
    client: Client, owner: Actor, application: Application, clock: SetClock
) -> None:
    make(client, owner, pauseOnFail=True)
    assert brakes(application) == 0
    clock.advance(MINUTE)
    assert breaks(client, owner) == "FAIL"
    assert (brakes(application), brakes(application), status(client, owner)) == (1, 0, "PAUSED")
    entry = client.get(f"{CAMPAIGN}/history?limit=1", by=owner).json()["items"][0]
    assert (entry["actor"], entry["fromStatus"], entry["toStatus"], entry["health"]) == (
        *("timer", "ACTIVE", "PAUSED"),
        "FAIL",
    )
    assert entry["reason"].startswith("pauseOnFail: ")
    assert "link" in entry["reason"]


def test_who_starts_it_all_the_same_is_not_contradicted_until_it_breaks_anew(
    client: Client, owner: Actor, application: Application, clock: SetClock
) -> None:
    make(client, owner, pauseOnFail=True)
    clock.advance(MINUTE)
    breaks(client, owner)
    brakes(application)
    clock.advance(MINUTE)
    assert client.post(f"{CAMPAIGN}/transitions", {"to": "ACTIVE"}, by=owner).status_code == 200
    assert client.get(f"{CAMPAIGN}/health", by=owner).json()["status"] == "FAIL"
    assert (brakes(application), status(client, owner)) == (0, "ACTIVE")
    clock.advance(MINUTE)
    assert breaks(client, owner, enabled=True) != "FAIL"
    clock.advance(MINUTE)
    assert breaks(client, owner) == "FAIL"
    assert (brakes(application), status(client, owner)) == (1, "PAUSED")


def test_what_was_mended_meanwhile_runs_on(
    client: Client, owner: Actor, application: Application, clock: SetClock
) -> None:
    make(client, owner, pauseOnFail=True)
    clock.advance(MINUTE)
    breaks(client, owner)
    told = {"destinationUrl": DESTINATION, "campaignId": "new-buyer-funnel", "enabled": True}
    client.put(LINK, told, by=owner)
    assert (brakes(application), status(client, owner)) == (0, "ACTIVE")


def test_it_is_one_of_the_timed_jobs(application: Application) -> None:
    assert "brake" in [job.name for job in application.jobs.jobs]


def test_a_blocked_start_is_told_once_for_each_start_that_was_set(
    client: Client, owner: Actor, application: Application, cast: Cast, clock: SetClock
) -> None:
    home = application.home
    hook = {"url": "https://shop.gharart.example/hook", "events": ["campaign.launch_blocked"]}
    hooks = cast.token("webhooks.*")
    webhook = client.post("/v2/handles/gharart/webhooks", hook, by=hooks).json()["webhookId"]
    start = clock.now() + MINUTE
    make(client, owner, status="DRAFT", launchPolicy="GUARDED", startsAt=iso(start))
    timer = next(job for job in application.jobs.jobs if job.name == "schedule")

    def told() -> list[dict[str, Any]]:
        for _ in range(3):
            home.database.write_now(timer.work)  # type: ignore[union-attr, arg-type]
        items = client.get(f"{CAMPAIGN}/history", by=owner).json()["items"]
        return [entry for entry in items if entry["act"] == "launch_blocked"]

    assert told() == []
    clock.advance(MINUTE)
    (entry,) = told()
    assert entry["details"] == {"startsAt": iso(start), "missing": ["receipts"]}
    assert "GUARDED is not met: receipts" in entry["reason"]
    assert client.patch(CAMPAIGN, {"startsAt": iso(start + 1_000_000)}, by=owner).status_code == 200
    clock.advance(MINUTE)
    assert len(told()) == 2
    sent = client.get(f"/v2/handles/gharart/webhooks/{webhook}/deliveries", by=hooks).json()["items"]
    assert [own["event"] for own in sent] == ["campaign.launch_blocked"] * 2
    assert '"missing":["receipts"]' in sent[0]["body"]
