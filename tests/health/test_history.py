"""What health was, what has changed, and what was changed just before; warnings by chance must hold."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client, refused
from funnelproof.clock import DAY, HOUR, MINUTE, SECOND, Micros, SetClock, iso
from funnelproof.health import history, lights
from funnelproof.health.check import Check, Freshness, FreshnessStatus, Health, SpendRamp, Status
from funnelproof.health.history import NotLookedAtThen
from funnelproof.health.watch import LightWatch
from funnelproof.installation import Installation
from funnelproof.storage.database import Database
from health.conftest import CAMPAIGN, HEALTH, MakeCampaign

CHANGES = f"{HEALTH}/changes"
REF = (HANDLE, "new-buyer-funnel")
Click = Callable[..., str]
Seen = dict[str, Any]


@pytest.fixture
def look(client: Client, tester: Actor) -> Callable[..., Seen]:
    """Health now, or `at` a moment."""

    def asked(at: Micros | None = None) -> Seen:
        answer = client.get(HEALTH if at is None else f"{HEALTH}?at={iso(at)}", by=tester)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return asked


def check_of(health: Seen, id_: str) -> Seen:
    return next(check for check in health["checks"] if check["id"] == id_)


def told(health: Seen) -> tuple[Any, ...]:
    checks = {check["id"]: check["status"] for check in health["checks"]}
    return health["status"], health["score"], health["configDigest"], checks


def test_health_is_told_as_it_was(
    client: Client, cast: Cast, clock: SetClock, campaign: str, click: Click, look: Callable[..., Seen]
) -> None:
    clock.advance(SECOND)
    first, then = look(), clock.now()
    clock.advance(HOUR)
    click("utm_source=mail")
    second, later = look(), clock.now()
    clock.advance(HOUR)
    assert (look(then), look(later - 1)) == (first, first)
    found = look(later)
    assert told(found) == told(second) != told(first)
    assert (found["checkedAt"], found["spendRamp"]) == (iso(later), second["spendRamp"])
    assert check_of(found, "traffic_tags") == check_of(second, "traffic_tags")
    assert check_of(found, "traffic_tags")["status"] == "WARN"
    by_token = client.get(f"/v2/public{HEALTH[3:]}?at={iso(then)}", by=cast.token("campaigns.read"))
    assert by_token.json() == first


def test_what_is_too_old_or_to_come_is_refused_with_a_way_out(
    client: Client, cast: Cast, clock: SetClock, campaign: str, look: Callable[..., Seen]
) -> None:
    made = clock.now()
    refused(client.get(f"{HEALTH}?at={iso(made)}", by=cast.owner), 404, "not_found")
    clock.advance(MINUTE)
    look()
    answer = client.get(f"{HEALTH}?at={iso(made)}", by=cast.owner)
    refused(answer, 404, "not_found")
    assert iso(clock.now()) in answer.json()["detail"]
    answer = client.get(f"{HEALTH}?at={iso(clock.now() + SECOND)}", by=cast.owner)
    refused(answer, 400, "invalid_at")
    assert "future" in answer.json()["detail"]
    refused(client.get(f"{HEALTH}?at={iso(made)}&run=run_1", by=cast.owner), 400, "invalid_at")
    refused(client.get(f"{HEALTH}?at=yesterday", by=cast.owner), 400, "invalid_at")
    absent = CAMPAIGN.replace("new-buyer-funnel", "another")
    refused(client.get(f"{absent}/health?at={iso(made)}", by=cast.owner), 404, "campaign_not_found")
    refused(client.get(f"{absent}/health/changes", by=cast.owner), 404, "campaign_not_found")


def test_a_check_that_turns_is_listed_with_what_was_changed_before(
    client: Client, cast: Cast, clock: SetClock, campaign: str, click: Click, look: Callable[..., Seen]
) -> None:
    click()
    look()
    clock.advance(10 * MINUTE)
    link = {"destinationUrl": "https://shop.gharart.example/c", "campaignId": "new-buyer-funnel"}
    changed = client.put(f"/v2/handles/{HANDLE}/links/buy-now", link, by=cast.operator)
    assert changed.status_code == 200, changed.text
    unrelated = {"destinationUrl": "https://shop.gharart.example/z"}
    assert client.put(f"/v2/handles/{HANDLE}/links/another", unrelated, by=cast.owner).status_code == 201
    clock.advance(3 * MINUTE)
    click("utm_source=mail")
    look()
    newest, oldest = client.get(CHANGES, by=cast.teammate).json()["items"]
    (tags,) = [check for check in newest["checks"] if check["id"] == "traffic_tags"]
    assert (newest["at"], tags["from"], tags["to"]) == (iso(clock.now()), "PASS", "WARN")
    assert tags["evidence"]["n"] == 2
    before = newest["changedBefore"]
    assert (before["what"], before["secondsBefore"]) == ("The link buy-now was changed.", 180)
    assert before["actor"] == f"user:{cast.operator.user_id}"
    assert before["requestId"] == changed.headers["x-request-id"]
    assert newest["configDigest"] != oldest["configDigest"]
    assert (oldest["from"], oldest["changedBefore"]["what"]) == (None, "The campaign was made.")


def test_the_list_has_pages_and_is_not_for_strangers(
    client: Client, cast: Cast, clock: SetClock, campaign: str, look: Callable[..., Seen]
) -> None:
    for seconds in (60, 120, 180):
        client.patch(CAMPAIGN, {"ctxTtlSeconds": seconds}, by=cast.owner)
        look()
        clock.advance(SECOND)
    first = client.get(f"{CHANGES}?limit=2", by=cast.owner).json()
    rest = client.get(f"{CHANGES}?limit=2&cursor={first['nextCursor']}", by=cast.owner).json()
    assert (len(first["items"]), len(rest["items"]), rest["nextCursor"]) == (2, 1, None)
    assert client.get(CHANGES, by=cast.stranger).status_code == 404
    refused(client.get(CHANGES, by=cast.token("links.read")), 403, "insufficient_scope")


@pytest.fixture
def silent(client: Client, tester: Actor, clock: SetClock, make_campaign: MakeCampaign, click: Click) -> None:
    """A campaign in good order, twenty hours after its last click."""
    make_campaign()
    for _ in range(20):
        click()
    clock.advance(20 * HOUR)
    assert client.post(f"{CAMPAIGN}/test-conversion", {}, by=tester).status_code == 201


@pytest.fixture
def watch(installation: Installation) -> Callable[[], None]:
    """One round of the timed job."""
    job = LightWatch(installation.clock.now)

    def round_of() -> None:
        while installation.database.read_now(job.look):
            installation.database.write_now(job.keep)

    return round_of


@pytest.mark.usefixtures("silent")
def test_a_warning_by_chance_counts_when_it_is_seen_again_five_minutes_later(
    clock: SetClock, click: Click, look: Callable[..., Seen]
) -> None:
    first = look()
    assert check_of(first, "clicks")["status"] == "WARN"
    counts_from = clock.now() + 5 * MINUTE
    assert (first["status"], check_of(first, "clicks")["countsFrom"]) == ("PASS", iso(counts_from))
    clock.advance(5 * MINUTE - SECOND)
    assert look()["status"] == "PASS"
    clock.advance(SECOND)
    held = look()
    assert (held["status"], check_of(held, "clicks")["countsFrom"]) == ("WARN", None)
    assert held["score"] < first["score"]
    click()
    assert look()["status"] == "PASS"


@pytest.mark.usefixtures("silent")
def test_what_was_in_order_in_between_begins_anew(clock: SetClock, click: Click, look: Callable[..., Seen]) -> None:
    look()
    clock.advance(4 * MINUTE)
    for _ in range(20):
        click()
    assert check_of(look(), "clicks")["status"] == "PASS"
    clock.advance(20 * HOUR)
    assert (look()["status"], check_of(look(), "clicks")["status"]) == ("PASS", "WARN")


@pytest.mark.usefixtures("silent")
def test_the_job_waits_as_a_read_does_and_looks_again_in_time(
    clock: SetClock, installation: Installation, watch: Callable[[], None]
) -> None:
    def turned() -> list[str]:
        return [to for _, _, to in installation.database.read_now(lambda tx: history.turns(tx, REF))]

    watch()
    assert turned() == ["PASS"]
    clock.advance(5 * MINUTE - SECOND)
    watch()
    assert turned() == ["PASS"]
    clock.advance(SECOND)
    watch()
    assert turned() == ["PASS", "WARN"]


def test_what_does_not_rest_on_chance_counts_at_once(
    client: Client, cast: Cast, campaign: str, click: Click, look: Callable[..., Seen]
) -> None:
    client.post(f"{CAMPAIGN}/test-conversion", {}, by=cast.owner)
    click()
    assert look()["status"] == "PASS"
    click("utm_source=mail")
    assert look()["status"] == "WARN"


def seen(at: Micros, *, held: str = "PASS", digest: str = "0" * 64) -> Health:
    fresh = Freshness(FreshnessStatus.FRESH, at, 1)
    checks = (Check("held", Status(held), f"as of {at}", {"n": at}), Check("clock", Status.PASS, "never", {"n": 0}))
    return Health("new-buyer-funnel", Status(held), 80, at, digest, SpendRamp(ready=True, blockers=()), fresh, checks)


def test_old_changes_go_and_the_state_at_the_border_stays(database: Database) -> None:
    def keep(health: Health) -> None:
        database.write_now(lambda tx: lights.keep(tx, HANDLE, health, 0))

    def then(at: Micros) -> Health:
        return database.read_now(lambda tx: history.at(tx, REF, at))

    for day, held in ((1, "PASS"), (2, "WARN"), (3, "PASS"), (95, "WARN")):
        keep(seen(day * DAY, held=held))
    with pytest.raises(NotLookedAtThen):
        then(2 * DAY)
    found = then(5 * DAY)
    assert [(check.id, check.status, check.title) for check in found.checks] == [
        ("clock", Status.PASS, "never"),
        ("held", Status.PASS, f"as of {3 * DAY}"),
    ]
    assert then(96 * DAY).status is Status.WARN


def test_a_thousand_changes_of_a_campaign_are_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT_CHANGES", 3)
    for at in range(1, 7):
        health = seen(at * SECOND, held="WARN" if at % 2 else "PASS")
        database.write_now(lambda tx, health=health: lights.keep(tx, HANDLE, health, 0))
    kept = database.read_now(lambda tx: history.page(tx, REF, before=None, limit=50))
    assert [change.at // SECOND for change in kept] == [6, 5, 4]
    assert [check.evidence for change in kept for check in change.checks] == [{"n": at * SECOND} for at in (6, 5, 4)]


def test_long_evidence_is_kept_as_a_summary(database: Database) -> None:
    long = Check("held", Status.WARN, "long", {"n": 7, "keys": ["x" * 100] * 100})
    database.write_now(lambda tx: lights.keep(tx, HANDLE, replace(seen(DAY), checks=(long,)), 0))
    (check,) = database.read_now(lambda tx: history.at(tx, REF, DAY)).checks
    assert check.evidence == {"n": 7}


def test_a_check_that_does_not_apply_any_more_is_absent(database: Database) -> None:
    database.write_now(lambda tx: lights.keep(tx, HANDLE, seen(DAY), 0))
    without = replace(seen(2 * DAY), checks=seen(DAY).checks[:1])
    database.write_now(lambda tx: lights.keep(tx, HANDLE, without, 0))
    assert [check.id for check in database.read_now(lambda tx: history.at(tx, REF, 2 * DAY)).checks] == ["held"]
    newest = database.read_now(lambda tx: history.page(tx, REF, before=None, limit=1))[0]
    assert [(check.check_id, check.from_status, check.to_status) for check in newest.checks] == [
        ("clock", "PASS", None)
    ]
