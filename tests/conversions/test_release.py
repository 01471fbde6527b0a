"""Releasing what is held: all of a stretch of time, in order of arrival, in slices, exactly once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cast import refused
from conversions.conftest import claim, ctx_of
from elsewhere import another_process
from funnel import CAMPAIGN, Funnel
from funnelproof.audit.act import Act
from funnelproof.clock import DAY, HOUR, SetClock, iso
from funnelproof.conversions import release
from funnelproof.conversions.record import record
from funnelproof.conversions.release import Slice, Stretch, release_slice
from funnelproof.installation import Installation
from funnelproof.recount.compare import recount

PATH = "/v2/handles/gharart/conversions/release"


def hold(shop: Funnel, keys: list[str], **more: Any) -> None:
    """Conversions of one click that came while the campaign was paused."""
    shop.move("PAUSED")
    ctx = shop.click(person=more.pop("person", 1)).ctx
    for key in keys:
        assert shop.convert(ctx, key, value="5", **more)["disposition"] == "HELD"
    shop.move("ACTIVE")


def ask(shop: Funnel, clock: SetClock, since: int = -DAY, until: int = DAY, **more: Any) -> Any:
    told = {"from": iso(clock.now() + since), "to": iso(clock.now() + until)}
    return shop.client.post(PATH, told, by=more.get("by", shop.owner))


def counters_hold(home: Installation) -> None:
    assert recount(home.database, now=home.clock.now()).differences == []


def test_what_was_held_counts_once_it_is_released(shop: Funnel, home: Installation, clock: SetClock) -> None:
    shop.campaign()
    hold(shop, ["1", "2"])
    answer = ask(shop, clock)
    assert answer.json() == {"released": 2, "counted": 2, "notUnique": 0, "left": 0}
    assert [(row["disposition"], row["reason"]) for row in shop.rows("conversions")] == [
        ("COUNTED", "released: the click came while the campaign was not active")
    ] * 2
    counters_hold(home)
    assert ask(shop, clock).json()["released"] == 0
    counters_hold(home)
    newest = shop.client.get(f"{shop.base}/campaigns/{CAMPAIGN}/history", by=shop.owner).json()["items"][0]
    assert (newest["act"], newest["details"]["COUNTED"]) == ("released", 2)


def test_a_release_tries_the_counting_rule_in_the_order_of_arrival(
    shop: Funnel, home: Installation, clock: SetClock
) -> None:
    shop.campaign(countingRule="ONCE_PER_VISITOR")
    hold(shop, ["1"], person=1)
    clock.advance(HOUR)
    hold(shop, ["2"], person=1)
    hold(shop, ["3"], person=2)
    shop.convert(shop.click(person=2).ctx, "4")
    assert ask(shop, clock).json() == {"released": 3, "counted": 1, "notUnique": 2, "left": 0}
    made = {row["idempotency_key"]: row["disposition"] for row in shop.rows("conversions")}
    assert made == {"1": "COUNTED", "2": "NOT_UNIQUE", "3": "NOT_UNIQUE", "4": "COUNTED"}
    counters_hold(home)


def test_an_implausible_amount_is_counted_once_somebody_released_it(
    shop: Funnel, home: Installation, clock: SetClock
) -> None:
    shop.campaign()
    ctx = shop.click().ctx
    assert shop.convert(ctx, "1", value="200000000")["disposition"] == "HELD"
    assert ask(shop, clock).json()["counted"] == 1
    assert shop.rows("conversions")[0]["in_test"] is True
    counters_hold(home)


def test_only_the_stretch_of_time_is_released(shop: Funnel, clock: SetClock) -> None:
    shop.campaign()
    hold(shop, ["early"])
    clock.advance(2 * HOUR)
    hold(shop, ["late"])
    assert ask(shop, clock, since=-HOUR, until=HOUR).json()["released"] == 1
    assert ask(shop, clock, since=-HOUR, until=HOUR).json()["released"] == 0
    made = {row["idempotency_key"]: row["disposition"] for row in shop.rows("conversions")}
    assert made == {"early": "HELD", "late": "COUNTED"}


def test_conversions_of_a_deleted_campaign_stay_held(shop: Funnel, clock: SetClock) -> None:
    shop.campaign(status="DRAFT")
    shop.convert(shop.click().ctx, "1")
    shop.client.delete(f"{shop.base}/campaigns/{CAMPAIGN}", by=shop.owner)
    assert ask(shop, clock).json() == {"released": 0, "counted": 0, "notUnique": 0, "left": 1}


def test_slices_go_on_where_the_last_one_stopped(
    shop: Funnel, home: Installation, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "SLICE", 3)
    shop.campaign()
    hold(shop, [str(n) for n in range(1, 9)])
    stretch, act = Stretch("gharart", clock.now() - DAY, clock.now() + DAY), Act("nobody", clock.now(), None)
    first: Slice = home.database.write_now(lambda tx: release_slice(tx, stretch, after=None, act=act))
    assert (first.counted, first.after is not None) == (3, True)
    assert ask(shop, clock).json()["released"] == 5
    counters_hold(home)


def test_two_releases_at_once_count_everything_once(shop: Funnel, home: Installation, clock: SetClock) -> None:
    shop.campaign(maxPerClick=5)
    shop.move("PAUSED")
    ctxs = [ctx_of(shop, person=person) for person in range(1, 5)]
    claims = [claim(ctx, f"{at}-{n}") for at, ctx in enumerate(ctxs) for n in range(8)]
    home.database.write_now(lambda tx: record(tx, claims))
    stretch, act = Stretch("gharart", clock.now() - DAY, clock.now() + DAY), Act("nobody", clock.now(), None)
    with another_process(home) as other, ThreadPoolExecutor(4) as threads:
        homes = [home, other, home, other]
        done = list(
            threads.map(
                lambda each: each.database.write_now(lambda tx: release_slice(tx, stretch, after=None, act=act)), homes
            )
        )
    assert (sum(each.counted for each in done), sum(each.not_unique for each in done)) == (20, 12)
    assert Counter(row["disposition"] for row in shop.rows("conversions")) == {"COUNTED": 20, "NOT_UNIQUE": 12}
    counters_hold(home)


def test_who_may_release_and_with_what(shop: Funnel, clock: SetClock) -> None:
    shop.campaign()
    assert ask(shop, clock, by=shop.cast.token("conversions.write")).status_code == 200
    refused(ask(shop, clock, by=shop.cast.token("analytics.*")), 403, "insufficient_scope")
    refused(ask(shop, clock, by=shop.cast.stranger), 404, "handle_not_found")
    refused(shop.client.post(PATH, {}), 401, "missing_bearer_token")
    wrong = refused(shop.client.post(PATH, {"campaignId": CAMPAIGN}, by=shop.owner), 400, "invalid_payload")
    assert {fault["pointer"] for fault in wrong["errors"]} == {"/from", "/to", "/campaignId"}
    refused(ask(shop, clock, since=0, until=0), 400, "invalid_to")
