"""Stored lights: never of another configuration, soon of the newest events, and every change of them kept."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cast import HANDLE, Cast, Client
from funnelproof.clock import HOUR, MINUTE, SECOND, SetClock
from funnelproof.health import history, lights
from funnelproof.health.check import Freshness, FreshnessStatus, Health, SpendRamp, Status
from funnelproof.health.watch import LightWatch
from funnelproof.installation import Installation
from funnelproof.storage.database import Database
from health.conftest import CAMPAIGN, CAMPAIGNS, HEALTH, NEW_CAMPAIGN, MakeCampaign

REF = (HANDLE, "new-buyer-funnel")
Click = Callable[..., str]
Light = dict[str, Any]


@pytest.fixture
def listed(client: Client, cast: Cast) -> Callable[[], Light]:
    """The light of the only campaign as the list shows it."""

    def light() -> Light:
        (item,) = client.get(CAMPAIGNS, by=cast.owner).json()["items"]
        found: Light = item["health"]
        return found

    return light


@pytest.fixture
def watch(installation: Installation) -> Callable[[], int]:
    """One round of the timed job; answers how many slices had something to write down."""
    job = LightWatch(installation.clock.now)

    def round_of() -> int:
        slices = 0
        while installation.database.read_now(job.look):
            slices += installation.database.write_now(job.keep)
        return slices

    return round_of


def test_a_new_campaign_has_its_light_at_once(campaign: str, listed: Callable[[], Light]) -> None:
    light = listed()
    assert (light["status"], light["checkedAt"]) == ("UNKNOWN", "2026-11-23T09:00:00Z")


def test_events_move_the_light_with_the_job_and_a_change_of_configuration_at_once(
    client: Client,
    cast: Cast,
    clock: SetClock,
    campaign: str,
    click: Click,
    listed: Callable[[], Light],
    watch: Callable[[], int],
) -> None:
    clock.advance(SECOND)
    assert (watch(), watch()) == (1, 0)
    before = listed()
    clock.advance(SECOND)
    click()
    assert listed() == before
    assert watch() == 1
    assert listed()["checkedAt"] == "2026-11-23T09:00:02Z"
    clock.advance(SECOND)
    assert client.patch(CAMPAIGN, {"attributionWindowDays": 60, "ctxTtlSeconds": 60}, by=cast.owner).status_code == 200
    clock.advance(SECOND)
    assert (listed()["checkedAt"], watch()) == ("2026-11-23T09:00:04Z", 1)


def test_a_test_conversion_shows_in_the_list_at_once(
    client: Client, cast: Cast, clock: SetClock, campaign: str, listed: Callable[[], Light], watch: Callable[[], int]
) -> None:
    clock.advance(SECOND)
    watch()
    unproven = listed()["score"]
    clock.advance(SECOND)
    assert client.post(f"{CAMPAIGN}/test-conversion", {}, by=cast.owner).status_code == 201
    assert listed()["score"] > unproven


def test_time_alone_is_looked_at_every_ten_minutes_and_hourly_where_nothing_runs(
    clock: SetClock, make_campaign: MakeCampaign, watch: Callable[[], int]
) -> None:
    make_campaign()
    clock.advance(SECOND)
    assert watch() == 1
    clock.advance(9 * MINUTE)
    assert watch() == 0
    clock.advance(MINUTE)
    assert watch() == 1
    link = {"slug": "other", "destinationUrl": "https://shop.gharart.example/"}
    make_campaign(campaignId="a-draft", status="DRAFT", primaryLink=link)
    clock.advance(HOUR)
    assert watch() == 1


def test_a_read_of_health_keeps_what_it_saw(
    client: Client, cast: Cast, installation: Installation, clock: SetClock, campaign: str, click: Click
) -> None:
    def changes() -> list[tuple[str | None, str]]:
        found = installation.database.read_now(lambda tx: history.turns(tx, REF))
        return [(before, after) for _, before, after in found]

    assert changes() == []
    assert client.get(HEALTH, by=cast.owner).json()["status"] == "UNKNOWN"
    client.get(HEALTH, by=cast.owner)
    assert changes() == [(None, "UNKNOWN")]
    click()
    clock.advance(SECOND)
    client.post(f"{CAMPAIGN}/test-conversion", {}, by=cast.owner)
    after = client.get(HEALTH, by=cast.owner).json()["status"]
    assert after != "UNKNOWN"
    assert changes() == [(None, "UNKNOWN"), ("UNKNOWN", after)]


def test_a_run_leaves_the_light_alone(client: Client, cast: Cast, installation: Installation, campaign: str) -> None:
    run_id = client.post(f"{CAMPAIGN}/test-conversion", {}, by=cast.owner).json()["runId"]
    assert client.get(f"{HEALTH}?run={run_id}", by=cast.owner).status_code == 200
    assert installation.database.read_now(lambda tx: history.turns(tx, REF)) == []


def seen(status: Status, at: int) -> Health:
    fresh = Freshness(FreshnessStatus.FRESH, at, 1)
    return Health("new-buyer-funnel", status, 80, at, "0" * 64, SpendRamp(ready=True, blockers=()), fresh)


def test_who_looked_earlier_does_not_undo_what_was_seen_later(database: Database) -> None:
    for status, at in ((Status.PASS, 10), (Status.FAIL, 30), (Status.WARN, 20), (Status.FAIL, 40), (Status.PASS, 40)):
        health = seen(status, at)
        database.write_now(partial(lights.keep, handle=HANDLE, health=health, moved=0))
    found = database.read_now(lambda tx: history.turns(tx, REF))
    assert found == [(10, None, "PASS"), (30, "PASS", "FAIL"), (40, "FAIL", "PASS")]


def test_the_job_is_in_the_table(application: Any) -> None:
    (job,) = [job for job in application.jobs.jobs if job.name == "watch_lights"]
    assert (job.every_seconds, job.look is None) == (10, False)


def test_changed_variants_are_of_another_configuration(
    client: Client, cast: Cast, clock: SetClock, campaign: str, listed: Callable[[], Light], watch: Callable[[], int]
) -> None:
    clock.advance(SECOND)
    watch()
    clock.advance(SECOND)
    a, b = NEW_CAMPAIGN["variants"]
    client.patch(CAMPAIGN, {"variants": [a, {**b, "weight": 30}]}, by=cast.owner)
    clock.advance(SECOND)
    assert listed()["checkedAt"] == "2026-11-23T09:00:03Z"
