"""What is kept of a test: looks, alarms about the split, the timed watch; on both engines where rows are concerned."""

from typing import Any

import pytest

from cast import HANDLE, OTHER_HANDLE, Cast, Client, refused
from funnelproof.app import Application
from funnelproof.clock import DAY, MINUTE
from funnelproof.results import store
from funnelproof.results.keep import Watch
from funnelproof.results.store import Alarm, Look
from funnelproof.storage.database import Database
from results.conftest import Crowd, StartTest, Test

REF = (HANDLE, "new-buyer-funnel")
EVIDENCE = {"sequentialPValue": 1e-5, "entries": {"a": 9, "b": 1}, "openBuckets": {"a": 1, "b": 1}}
OFF = (Crowd(1, 10_400), Crowd(2, 9_600))


def codes(test: Test) -> list[Any]:
    found = test.client.get(f"{test.path}/results/looks", by=test.owner).json()
    return [item["code"] for item in found["items"]]


def test_looks_are_numbered_and_the_first_of_a_number_stands(database: Database) -> None:
    for number, code in [(1, "NOT_ENOUGH_DATA"), (2, "WINNER"), (2, "LOSER")]:
        look = Look(number, 100 * number, code, [{"variantId": "a", "visitors": number}])
        database.write_now(lambda tx, look=look: store.add_look(tx, REF, 1, look))
    last = database.read_now(lambda tx: store.last_look(tx, REF, 1))
    assert last == Look(2, 200, "WINNER", [{"variantId": "a", "visitors": 2}])
    assert database.read_now(lambda tx: store.last_look_with(tx, REF, 1, "NOT_ENOUGH_DATA")) is not None
    assert database.read_now(lambda tx: store.last_look(tx, REF, 2)) is None
    assert database.read_now(lambda tx: store.last_look(tx, (OTHER_HANDLE, REF[1]), 1)) is None


def test_an_alarm_stays_until_it_is_closed_and_does_not_come_again(database: Database) -> None:
    for at in (1, 2):
        database.write_now(lambda tx, at=at: store.raise_alarm(tx, REF, 1, Alarm(1, at, EVIDENCE)))
    (alarm,) = database.read_now(lambda tx: store.alarms_of(tx, REF, 1))
    assert (alarm.raised_at, alarm.evidence, alarm.is_open) == (1, EVIDENCE, True)

    def close(tx: Any) -> int:
        return store.close_alarms(tx, REF, 1, at=5, by="user:usr_1", reason="a bot")

    assert (database.write_now(close), database.write_now(close)) == (1, 0)
    database.write_now(lambda tx: store.raise_alarm(tx, REF, 1, Alarm(1, 9, EVIDENCE)))
    (alarm,) = database.read_now(lambda tx: store.alarms_of(tx, REF, 1))
    assert (alarm.raised_at, alarm.closed_at, alarm.closed_by, alarm.reason) == (1, 5, "user:usr_1", "a bot")


def test_each_change_of_the_code_is_kept_once_with_its_counts(running: Test) -> None:
    for _ in range(3):
        running.results()
    running.crowd(Crowd(1, 5_000, 200), Crowd(2, 5_000, 290))
    running.clock.advance(15 * DAY)
    for _ in range(3):
        assert running.verdict() == "WINNER"
    running.crowd(Crowd(1, 3_000, 160), Crowd(2, 3_000, 90))
    running.clock.advance(8 * DAY)
    found = running.results()["verdict"]
    assert (found["code"], "was_winner_at" in found["reasons"]) == ("NO_DIFFERENCE_YET", True)
    assert codes(running) == ["NO_DIFFERENCE_YET", "WINNER", "NOT_ENOUGH_DATA"]
    looks = running.client.get(f"{running.path}/results/looks?limit=1", by=running.owner).json()
    assert looks["items"][0]["counts"][1] == {
        "variantId": "b",
        "visitors": 8_000,
        "converters": 380,
        "conversions": 380,
    }
    rest = running.client.get(
        f"{running.path}/results/looks?limit=5&cursor={looks['nextCursor']}", by=running.owner
    ).json()
    assert [item["number"] for item in rest["items"]] == [2, 1]


def test_looks_are_sealed_too(client: Client, running: Test) -> None:
    running.results()
    client.patch(running.path, {"embargoUntil": "2026-12-31T00:00:00Z"}, by=running.owner)
    running.results()
    assert codes(running) == [None, None]


def test_the_timed_watch_sees_what_nobody_reads(running: Test, start: StartTest) -> None:
    link = {"slug": "other", "destinationUrl": "https://shop.gharart.example/o"}
    other = start(campaignId="other-campaign", primaryLink=link)
    start(campaignId="a-draft", status="DRAFT", primaryLink={**link, "slug": "draft"})
    running.crowd(*OFF)
    watch = Watch(running.clock.now)
    assert [running.home.database.write_now(watch) for _ in range(3)] == [2, 0, 2]
    assert (codes(running), codes(other)) == (["INVALID"], ["NOT_ENOUGH_DATA"])
    alarms = running.home.database.read_now(lambda tx: store.alarms_of(tx, REF, 1))
    assert [alarm.phase for alarm in alarms] == [1]


def test_the_watch_is_among_the_timed_work(application: Application) -> None:
    assert "watch_tests" in [job.name for job in application.jobs.jobs]


def test_a_split_that_is_off_makes_the_test_worthless_until_a_person_closes_the_alarm(
    client: Client, cast: Cast, running: Test
) -> None:
    running.crowd(*OFF)
    found = running.results()
    assert found["verdict"]["sentence"] == (
        "Do not use this test: visitors were not split as planned (52 : 48 instead of 50 : 50 since 23 Nov)."
    )
    (alarm,) = found["sampleRatio"]["alarms"]
    assert (found["sampleRatio"]["status"], alarm["open"]) == ("ALARM", True)
    assert alarm["entries"] == {"a": 10_400, "b": 9_600}
    running.crowd(Crowd(2, 800))
    assert running.results()["sampleRatio"]["status"] == "ALARM"
    path, why = f"{running.path}/results/alarm/close", {"reason": "a cache, mended at noon"}
    closed = client.post(path, why, by=cast.operator)
    assert closed.status_code == 200
    (alarm,) = closed.json()["sampleRatio"]["alarms"]
    assert (alarm["open"], alarm["reason"], alarm["closedBy"]) == (
        False,
        why["reason"],
        f"user:{cast.operator.user_id}",
    )
    assert running.results()["verdict"]["code"] == "NOT_ENOUGH_DATA"
    refused(client.post(path, why, by=cast.operator), 409, "no_open_alarm")
    newest = client.get(f"{running.path}/history", by=running.owner).json()["items"][0]
    assert (newest["act"], newest["reason"]) == ("alarm_closed", why["reason"])


def split_check(test: Test) -> tuple[str, str]:
    found = test.client.get(f"{test.path}/health", by=test.owner).json()
    status = next(check["status"] for check in found["checks"] if check["id"] == "split")
    listed = test.client.get(test.path.rpartition("/")[0], by=test.owner).json()["items"][0]["health"]["status"]
    return status, listed


def test_health_and_the_list_follow_a_closed_alarm_at_once(cast: Cast, running: Test) -> None:
    running.crowd(*OFF)
    running.results()
    assert split_check(running) == ("FAIL", "UNKNOWN"), "what rests on chance must hold before the light turns"
    running.clock.advance(6 * MINUTE)
    assert split_check(running) == ("FAIL", "FAIL")
    running.client.post(f"{running.path}/results/alarm/close", {"reason": "a cache, mended"}, by=cast.owner)
    status, listed = split_check(running)
    assert status == "PASS"
    assert listed != "FAIL"
    found = running.results()
    assert (found["sampleRatio"]["status"], found["verdict"]["reasons"][0]) == ("FINE", "few_converters")
    assert "sample_ratio_watch" not in found["verdict"]["reasons"]


def test_a_new_phase_that_is_off_alarms_of_its_own(client: Client, cast: Cast, running: Test) -> None:
    running.crowd(*OFF)
    running.results()
    client.post(f"{running.path}/results/alarm/close", {"reason": "mended"}, by=cast.owner)
    client.post(f"{running.path}/ramp", {"rampPercent": 50}, by=running.owner)
    running.crowd(Crowd(1, 5_300, phase=2), Crowd(2, 4_700, phase=2))
    alarms = running.results()["sampleRatio"]["alarms"]
    assert [(alarm["phase"], alarm["open"]) for alarm in alarms] == [(1, False), (2, True)]


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x", "phase": 1}, {"reason": "x" * 501}])
def test_closing_without_a_reason_is_refused(client: Client, cast: Cast, running: Test, body: dict[str, Any]) -> None:
    assert client.post(f"{running.path}/results/alarm/close", body, by=cast.owner).status_code == 400


def test_who_may_close_an_alarm(client: Client, cast: Cast, running: Test) -> None:
    path, why = f"{running.path}/results/alarm/close", {"reason": "mended"}
    refused(client.post(path, why), 401, "missing_bearer_token")
    refused(client.post(path, why, by=cast.token("campaigns.*")), 403, "insufficient_scope")
    refused(client.post(path, why, by=cast.teammate), 403, "insufficient_role")
    refused(client.post(path, why, by=cast.stranger), 404, "handle_not_found")
    refused(client.post(path, why, by=cast.operator), 409, "no_open_alarm")


def test_the_alarm_names_the_slice_that_is_off_most(running: Test) -> None:
    """Visitors on phones reach B half as often; the ledger, sampled, tells."""
    rows = [
        {"visitor": f"{variant}{device}{at:06x}", "variant": variant, "device": device}
        for variant, device, count in ((1, "MOBILE", 400), (2, "MOBILE", 150), (1, "DESKTOP", 300), (2, "DESKTOP", 310))
        for at in range(count)
    ]
    running.stand(rows)
    running.crowd(Crowd(1, 700), Crowd(2, 460))
    (alarm,) = running.results()["sampleRatio"]["alarms"]
    (alarm,) = running.results()["sampleRatio"]["alarms"]
    assert alarm["slice"] == {
        "dimension": "device",
        "value": "MOBILE",
        "entries": 550,
        "share": pytest.approx(1, abs=0.02),
    }
