"""Reversals on both engines: what is taken back, by which of the two came first, and what never moves."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2
import pytest

from cast import refused
from conversions.conftest import claim, ctx_of
from elsewhere import another_process
from funnel import BOT, CAMPAIGN, Funnel
from funnelproof.clock import DAY, HOUR, SetClock, iso
from funnelproof.conversions.record import Recorded, record
from funnelproof.conversions.reversal import NewReversal, OverReversed, ReversalStatus
from funnelproof.conversions.reverse import Reversed, reverse
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.recount.compare import recount
from funnelproof.tallies.move import SQUARES_BASE

PATH = "/v2/handles/gharart/reversals"


def send(shop: Funnel, key: str = "refund-1", *, run: str | None = None, **told: Any) -> httpx2.Response:
    query = f"?run={run}" if run else ""
    return shop.client.post(PATH + query, {"idempotencyKey": key, **told}, by=shop.owner)


def take_back(shop: Funnel, key: str = "refund-1", **told: Any) -> dict[str, Any]:
    answer = send(shop, key, **told)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def totals(shop: Funnel, **asked: str) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in {"campaignId": CAMPAIGN, **asked}.items())
    answer = shop.client.get(f"{shop.base}/analytics?{query}", by=shop.owner)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["totals"])


def funnel_of(shop: Funnel) -> tuple[int, int, int, list[dict[str, str]]]:
    told = totals(shop)
    return told["conversions"], told["converters"], told["refundedConverters"], told["revenue"]


def usd(gross: str, net: str) -> list[dict[str, str]]:
    return [{"currency": "USD", "gross": gross, "net": net}]


def counters_hold(home: Installation) -> None:
    assert recount(home.database, now=home.clock.now()).differences == []


def test_net_falls_and_the_conversion_stays(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    made = shop.convert(shop.click().ctx, value="49.90")
    told = take_back(shop, conversionId=made["conversionId"], reason="sent back")
    assert (told["status"], told["amount"], told["counted"], told["duplicate"]) == ("APPLIED", "49.90", True, False)
    assert (told["conversionKey"], told["campaignId"], told["reason"]) == ("order-1", CAMPAIGN, "sent back")
    assert funnel_of(shop) == (1, 1, 1, usd("49.90", "0.00"))
    assert shop.rows("conversions")[0]["disposition"] == "COUNTED"
    counters_hold(home)


def test_a_reversal_that_comes_first_waits_for_its_conversion(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    told = take_back(shop, conversionKey="order-1", amount="9.90")
    assert (told["status"], told["amount"], told["conversionId"]) == ("WAITING", "9.90", None)
    counters_hold(home)
    made = shop.convert(shop.click().ctx, value="49.90")
    assert (made["status"], made["disposition"]) == ("RECORDED", "COUNTED")
    [applied] = shop.client.get(PATH, by=shop.owner).json()["items"]
    assert (applied["status"], applied["conversionId"]) == ("APPLIED", made["conversionId"])
    assert funnel_of(shop) == (1, 1, 1, usd("49.90", "40.00"))
    assert shop.send(shop.click().ctx, value="1").status_code == 422
    counters_hold(home)


def test_the_same_reversal_again_is_answered_and_moves_nothing(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    made = shop.convert(shop.click().ctx, value="20")
    first = take_back(shop, conversionId=made["conversionId"], amount="5")
    again = send(shop, conversionId=made["conversionId"], amount="5.00", reason="said later")
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    by_key = send(shop, conversionKey="order-1", amount="5.0")
    assert (by_key.status_code, by_key.json()["reversalId"]) == (200, first["reversalId"])
    assert funnel_of(shop)[3] == usd("20.00", "15.00")
    [key] = [row for row in shop.rows("conversion_keys") if row["kind"] == "REVERSAL"]
    assert key["repeats"] == 2
    counters_hold(home)


def test_a_waiting_reversal_again_is_a_duplicate_before_and_after_it_was_applied(shop: Funnel) -> None:
    shop.campaign()
    take_back(shop, conversionKey="order-1")
    assert send(shop, conversionKey="order-1").json()["status"] == "WAITING"
    shop.convert(shop.click().ctx, value="20")
    again = send(shop, conversionKey="order-1")
    assert (again.status_code, again.json()["status"], again.json()["amount"]) == (200, "APPLIED", "20.00")
    assert send(shop, conversionKey="order-1", amount="20").status_code == 200


def test_another_meaning_under_the_same_key_is_refused(shop: Funnel) -> None:
    shop.campaign()
    made = shop.convert(shop.click().ctx, value="20")
    other = shop.convert(shop.click().ctx, "order-2", value="20")
    take_back(shop, conversionId=made["conversionId"], amount="5")
    wrong = refused(send(shop, conversionId=made["conversionId"], amount="6"), 422, "idempotency_key_reused")
    assert wrong["differs"] == ["/amount"]
    wrong = refused(send(shop, conversionId=other["conversionId"], amount="5"), 422, "idempotency_key_reused")
    assert wrong["differs"] == ["/conversionId"]
    refused(send(shop, "order-1", conversionId=made["conversionId"]), 422, "idempotency_key_reused")
    refused(shop.send(shop.click().ctx, "refund-1", value="5"), 422, "idempotency_key_reused")


def test_no_more_is_taken_back_than_was_paid(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    made = shop.convert(shop.click().ctx, value="20")["conversionId"]
    take_back(shop, "1", conversionId=made, amount="12.50")
    wrong = refused(send(shop, "2", conversionId=made, amount="7.51"), 409, "over_reversed")
    assert (wrong["left"], wrong["value"], wrong["currency"]) == ("7.50", "20.00", "USD")
    assert take_back(shop, "2", conversionId=made)["amount"] == "7.50"
    refused(send(shop, "3", conversionId=made), 409, "over_reversed")
    assert funnel_of(shop) == (1, 1, 1, usd("20.00", "0.00"))
    assert len(shop.rows("reversals")) == 2
    counters_hold(home)


def test_what_waited_and_is_too_much_goes_on_waiting_and_says_why(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    for key, amount in (("1", "15"), ("2", "15"), ("3", "0.001"), ("4", "5")):
        take_back(shop, key, conversionKey="order-1", amount=amount)
    shop.convert(shop.click().ctx, value="20")
    told = {one["idempotencyKey"]: one for one in shop.client.get(PATH, by=shop.owner).json()["items"]}
    assert [told[key]["status"] for key in "1234"] == ["APPLIED", "WAITING", "WAITING", "APPLIED"]
    assert "more than the 5.00 USD" in told["2"]["note"]
    assert "decimals" in told["3"]["note"]
    assert funnel_of(shop)[3] == usd("20.00", "0.00")
    counters_hold(home)


def test_a_conversion_without_a_value_is_reversed_once_and_whole(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    made = shop.convert(shop.click().ctx)["conversionId"]
    refused(send(shop, conversionId=made, amount="1"), 400, "invalid_amount")
    assert take_back(shop, conversionId=made)["amount"] is None
    refused(send(shop, "2", conversionId=made), 409, "over_reversed")
    assert funnel_of(shop) == (1, 1, 1, [])
    counters_hold(home)


def test_a_buyer_is_one_refunded_converter_however_often(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    for person, key in ((1, "1"), (1, "2"), (2, "3")):
        shop.convert(shop.click(person=person).ctx, key, value="10")
        take_back(shop, f"of {key}", conversionKey=key, amount="1")
    assert funnel_of(shop) == (3, 2, 2, usd("30.00", "27.00"))
    counters_hold(home)


def test_net_falls_on_the_day_of_the_reversal(shop: Funnel, home: Installation, clock: SetClock) -> None:
    shop.campaign()
    shop.convert(shop.click("utm_source=ads").ctx, value="10")
    clock.advance(3 * DAY)
    take_back(shop, conversionKey="order-1", amount="4", occurredAt=iso(clock.now() - DAY))
    query = f"campaignId={CAMPAIGN}&from=2026-11-20&to=2026-11-30"
    told = shop.client.get(f"{shop.base}/analytics?{query}", by=shop.owner).json()["rows"]
    assert {row["key"]: (row["refundedConverters"], row["revenue"]) for row in told} == {
        "2026-11-23": (1, usd("10.00", "10.00")),
        "2026-11-25": (0, usd("0.00", "-4.00")),
    }
    by_source = shop.client.get(f"{shop.base}/analytics?{query}&groupBy=source", by=shop.owner).json()["rows"]
    assert [(row["key"], row["revenue"]) for row in by_source] == [("ads", usd("10.00", "6.00"))]
    counters_hold(home)


def test_it_counts_no_earlier_than_its_sale_and_no_day_that_may_be_sealed(
    shop: Funnel, home: Installation, clock: SetClock
) -> None:
    shop.campaign()
    begun = clock.now()
    shop.convert(shop.click().ctx, value="10")
    assert take_back(shop, "1", conversionKey="order-1", amount="1", occurredAt=iso(begun - DAY))["countsAt"] == iso(
        begun
    )
    clock.advance(31 * DAY)
    late = take_back(shop, "2", conversionKey="order-1", amount="1", occurredAt=iso(begun + HOUR))
    assert (late["occurredAt"], late["countsAt"]) == (iso(begun + HOUR), iso(clock.now()))
    refused(send(shop, "3", conversionKey="order-1", occurredAt=iso(clock.now() + DAY)), 400, "invalid_occurred_at")
    counters_hold(home)


def test_currencies_are_kept_apart(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    ctx = shop.click().ctx
    shop.convert(ctx, "1", value="10")
    shop.convert(ctx, "2", value="500", currency="JPY")
    assert take_back(shop, "a", conversionKey="2", amount="200")["currency"] == "JPY"
    refused(send(shop, "b", conversionKey="2", amount="1.5"), 400, "invalid_amount")
    assert totals(shop)["revenue"] == [
        {"currency": "JPY", "gross": "500", "net": "300"},
        {"currency": "USD", "gross": "10.00", "net": "10.00"},
    ]
    counters_hold(home)


@pytest.mark.parametrize("disposition", ["NOT_UNIQUE", "OTHER_EVENT", "OUT_OF_WINDOW"])
def test_on_what_is_not_counted_it_is_stored_and_moves_nothing(
    shop: Funnel, home: Installation, clock: SetClock, disposition: str
) -> None:
    shop.campaign(countingRule="ONCE_PER_CLICK", attributionWindowDays=1)
    ctx = shop.click().ctx
    shop.convert(ctx, "1", value="10")
    clock.advance(DAY + HOUR if disposition == "OUT_OF_WINDOW" else HOUR)
    more = {"eventType": "lead"} if disposition == "OTHER_EVENT" else {}
    assert shop.convert(ctx, "2", value="10", **more)["disposition"] == disposition
    told = take_back(shop, conversionKey="2", amount="4")
    assert (told["status"], told["counted"]) == ("APPLIED", False)
    assert totals(shop, **{"from": "2026-11-20", "to": "2026-11-30"})["revenue"] == usd("10.00", "10.00")
    refused(send(shop, "3", conversionKey="2", amount="6.01"), 409, "over_reversed")
    counters_hold(home)


@pytest.mark.parametrize("reversed_first", [True, False])
def test_a_released_conversion_brings_its_reversal_with_it(
    shop: Funnel, home: Installation, clock: SetClock, *, reversed_first: bool
) -> None:
    shop.campaign()
    shop.click()
    shop.move("PAUSED")
    ctx = shop.click().ctx
    shop.move("ACTIVE")
    if reversed_first:
        take_back(shop, conversionKey="order-1", amount="4")
    assert shop.convert(ctx, value="10")["disposition"] == "HELD"
    if not reversed_first:
        assert take_back(shop, conversionKey="order-1", amount="4")["counted"] is False
    assert funnel_of(shop) == (0, 0, 0, [])
    counters_hold(home)
    clock.advance(HOUR)
    stretch = {"from": iso(clock.now() - DAY), "to": iso(clock.now() + DAY)}
    assert shop.client.post(f"{shop.base}/conversions/release", stretch, by=shop.owner).json()["counted"] == 1
    assert funnel_of(shop) == (1, 1, 1, usd("10.00", "6.00"))
    counters_hold(home)


def test_a_bots_order_is_taken_back_without_a_refunded_converter(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    shop.convert(shop.click(person=None, headers={"user-agent": BOT}).ctx, value="10")
    take_back(shop, conversionKey="order-1", amount="4")
    assert funnel_of(shop) == (1, 0, 0, usd("10.00", "6.00"))
    counters_hold(home)


def test_sums_of_squares_stay_exact(shop: Funnel, home: Installation) -> None:
    """One visitor of the test spends 10¹⁰ minor units and takes back all but a cent."""
    shop.campaign()
    shop.convert(shop.click().ctx, "1", value="99999999.99")
    shop.convert(shop.click(person=2).ctx, "2", value="30")
    take_back(shop, "a", conversionKey="1", amount="99999999.98")
    take_back(shop, "b", conversionKey="2", amount="10")
    own = [row for row in shop.rows("phase_tallies") if row["currency"] == "USD"]
    assert sum(row["net_minor"] for row in own) == 1 + 2000
    assert sum(row["squares_high"] * SQUARES_BASE + row["squares_low"] for row in own) == 1 + 2000**2
    assert sum(row["reversed_minor"] for row in own) == 9_999_999_998 + 1000
    counters_hold(home)


def test_a_late_entry_takes_its_refund_along(shop: Funnel, home: Installation) -> None:
    """A buyer outside the ramp is refunded, then enters the test: in the funnel refunded, in the test not."""
    shop.campaign()
    shop.ramp(0)
    shop.convert(shop.click().ctx, value="10")
    take_back(shop, conversionKey="order-1")
    shop.ramp(100)
    shop.click()
    assert funnel_of(shop)[1:3] == (1, 1)
    entered = [row for row in shop.rows("phase_tallies") if row["cohort"] == "ENTERED" and not row["currency"]]
    assert [(row["visitors"], row["converters"], row["refunded_converters"]) for row in entered] == [(1, 0, 0)]
    counters_hold(home)


def test_a_conversion_of_a_run_is_reversed_in_its_run(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    opened = shop.client.post(f"{shop.base}/campaigns/{CAMPAIGN}/test-runs", {"seed": "1"}, by=shop.owner).json()
    run, token = opened["runId"], {"x-funnelproof-run": opened["runToken"]}
    ctx = shop.click(person=None, headers=token).ctx
    made = shop.convert(ctx, value="10")
    assert made["mode"] == "test"
    told = take_back(shop, "1", conversionId=made["conversionId"], amount="1")
    assert (told["mode"], told["runId"], told["countsAt"]) == ("test", run, made["occurredAt"])
    assert take_back(shop, "2", conversionKey="order-1", amount="2", run=run)["runId"] == run
    assert take_back(shop, "3", conversionKey="order-1")["status"] == "WAITING"
    assert totals(shop, mode="test")["revenue"] == usd("10.00", "7.00")
    assert totals(shop)["revenue"] == []
    mode_test = shop.client.get(f"{PATH}?mode=test", by=shop.owner).json()["items"]
    assert [one["idempotencyKey"] for one in mode_test] == ["2", "1"]
    counters_hold(home)
    shop.client.post(f"{shop.base}/campaigns/{CAMPAIGN}/test-runs/{run}/finish", {}, by=shop.owner)
    refused(send(shop, "4", conversionId=made["conversionId"]), 409, "run_finished")
    assert send(shop, "1", conversionId=made["conversionId"], amount="1").status_code == 200
    refused(send(shop, "5", conversionKey="order-1", run="run_of_nobody"), 400, "invalid_run")


def test_of_a_deleted_campaign_or_after_its_end_it_is_reversed_all_the_same(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    shop.convert(shop.click().ctx, value="10")
    shop.move("COMPLETED")
    assert take_back(shop, conversionKey="order-1")["counted"] is True
    counters_hold(home)


def told(key: str, conversion_key: str = "order-1", amount: str | None = None) -> NewReversal:
    return NewReversal(
        reversal_id=new_id("rev"),
        handle="gharart",
        key=key,
        digest="",
        conversion_id=None,
        conversion_key=conversion_key,
        amount_text=amount,
        occurred_at=None,
        reason=None,
        run=None,
        received_at=0,
        request_id="req_1",
    )


def test_conversions_and_reversals_that_come_at_once_meet_once(shop: Funnel, home: Installation) -> None:
    """Two processes: orders, each with three refunds of a third, all in flight together."""
    shop.campaign()
    ctxs, now = [ctx_of(shop, person=person) for person in range(1, 9)], home.clock.now()
    orders = [partial(record, claims=[claim(ctx, f"o{n}", value="9")]) for n, ctx in enumerate(ctxs)]
    refunds = [
        partial(reverse, told=told(f"r{part}-{n}", f"o{n}", "3")._replace(received_at=now))
        for part in range(3)
        for n in range(8)
    ]
    work = [one for group in zip(orders, refunds[:8], refunds[8:16], refunds[16:], strict=True) for one in group]
    with another_process(home) as other, ThreadPoolExecutor(8) as threads:
        homes = [home, other] * len(work)
        done = list(threads.map(lambda pair: pair[0].database.write_now(pair[1]), zip(homes, work, strict=False)))
    assert all(each.is_new for each in done if isinstance(each, Reversed))
    assert all(isinstance(each[0], Recorded) for each in done if isinstance(each, list))
    assert {row["status"] for row in shop.rows("reversals")} == {"APPLIED"}
    assert funnel_of(shop) == (8, 8, 8, usd("72.00", "0.00"))
    counters_hold(home)


def test_one_refund_from_many_senders_is_one(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    shop.convert(shop.click().ctx, value="9")

    async def all_at_once() -> list[int]:
        body = {"idempotencyKey": "r", "conversionKey": "order-1", "amount": "4"}
        http, headers = shop.client._http, shop.owner.headers
        answers = await asyncio.gather(*(http.post(PATH, json=body, headers=headers) for _ in range(16)))
        return [answer.status_code for answer in answers]

    assert Counter(shop.client.run(all_at_once())) == {201: 1, 200: 15}
    assert funnel_of(shop)[3] == usd("9.00", "5.00")
    counters_hold(home)


def test_two_whole_refunds_at_once_take_back_once(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    shop.convert(shop.click().ctx, value="9")

    def try_it(pair: tuple[Installation, str]) -> str:
        try:
            return (
                pair[0].database.write_now(partial(reverse, told=told(pair[1])._replace(received_at=1))).reversal.status
            )
        except OverReversed as problem:
            return problem.code

    with another_process(home) as other, ThreadPoolExecutor(4) as threads:
        done = Counter(threads.map(try_it, zip([home, other] * 3, "abcdef", strict=True)))
    assert done == {ReversalStatus.APPLIED: 1, "over_reversed": 5}
    counters_hold(home)


def test_the_list_is_paged_and_filtered(shop: Funnel) -> None:
    shop.campaign()
    made = shop.convert(shop.click().ctx, value="9")["conversionId"]
    for n in range(3):
        take_back(shop, f"r{n}", conversionId=made, amount="1")
    take_back(shop, "w", conversionKey="later")

    def keys(query: str) -> list[str]:
        answer = shop.client.get(f"{PATH}?{query}", by=shop.owner).json()
        more = answer["nextCursor"]
        return [one["idempotencyKey"] for one in answer["items"]] + ([f"then {more}"] if more else [])

    first = keys("limit=2")
    assert first[:2] == ["w", "r2"]
    assert keys(f"limit=2&cursor={first[2].removeprefix('then ')}") == ["r1", "r0"]
    assert keys(f"conversionId={made}") == ["r2", "r1", "r0"]
    assert (keys("status=WAITING"), keys(f"campaignId={CAMPAIGN}&status=APPLIED")) == (["w"], ["r2", "r1", "r0"])
    assert keys("mode=test") == []


def test_who_may_reverse_and_with_what(shop: Funnel) -> None:
    shop.campaign()
    body = {"idempotencyKey": "r", "conversionKey": "order-1"}
    refused(shop.client.post(PATH, body), 401, "missing_bearer_token")
    refused(shop.client.post(PATH, body, by=shop.cast.token("analytics.*")), 403, "insufficient_scope")
    refused(shop.client.post(PATH, body, by=shop.cast.stranger), 404, "handle_not_found")
    refused(shop.client.get(PATH, by=shop.cast.stranger), 404, "handle_not_found")
    assert shop.client.post(PATH, body, by=shop.cast.teammate).status_code == 201
    refused(send(shop, "x", conversionId="cnv_nobody"), 404, "not_found")
    for wrong, code in (
        ({}, "invalid_payload"),
        ({"conversionId": "a", "conversionKey": "b"}, "invalid_payload"),
        ({"conversionKey": "order-1", "amount": 4.5}, "invalid_amount"),
        ({"conversionKey": "order-1", "amount": "-4"}, "invalid_amount"),
        ({"conversionKey": "undefined"}, "invalid_conversion_key"),
        ({"conversionKey": "bad"}, "invalid_payload"),
        ({"conversionKey": "a", "variantId": "b"}, "unknown_field"),
    ):
        assert refused(send(shop, "bad", **wrong), 400, code)["errors"], wrong
    shop.convert(shop.click().ctx, "zero", value="3")
    refused(send(shop, "z", conversionKey="zero", amount="0.00"), 400, "invalid_amount")
    refused(send(shop, "q", conversionKey="r"), 400, "invalid_conversion_key")


def test_a_conversion_tells_its_reversals_and_why_net_is_less(shop: Funnel, clock: SetClock) -> None:
    shop.campaign()
    made = shop.convert(shop.click().ctx, value="20")["conversionId"]
    path = f"{shop.base}/conversions/{made}"
    told = shop.client.get(path, by=shop.owner).json()
    assert (told["net"], told["reversals"], told["why"][-1]["step"]) == ("20.00", [], "counted")
    take_back(shop, "1", conversionId=made, amount="4")
    clock.advance(DAY)
    take_back(shop, "2", conversionId=made, amount="5", reason="broken")
    told = shop.client.get(path, by=shop.owner).json()
    assert told["net"] == "11.00"
    assert [(one["amount"], one["reason"]) for one in told["reversals"]] == [("4.00", None), ("5.00", "broken")]
    last = told["why"][-1]
    assert last["step"] == "reversed"
    assert last["text"] == (
        "It was taken back 2 times, 9.00 of 20.00 USD in all: net fell on 2026-11-23, 2026-11-24. It stays counted."
    )


def test_results_show_gross_net_and_refunded_converters(shop: Funnel) -> None:
    shop.campaign()
    for person in range(1, 5):
        shop.convert(shop.click(person=person).ctx, str(person), value="20")
    take_back(shop, "r1", conversionKey="1", amount="4")
    take_back(shop, "r2", conversionKey="1", amount="4")
    told = shop.client.get(f"{shop.base}/campaigns/{CAMPAIGN}/results", by=shop.owner).json()["variants"]
    assert sum(one["refundedConverters"] for one in told) == 1
    [own] = [one for one in told if one["refundedConverters"]]
    [money] = own["revenue"]
    assert (money["gross"], money["net"]) == (f"{20 * own['conversions']}.00", f"{20 * own['conversions'] - 8}.00")


def test_what_waits_for_more_than_thirty_days_shows_in_health(shop: Funnel, clock: SetClock) -> None:
    shop.campaign()
    take_back(shop, conversionKey="nobody's")
    begun = iso(clock.now())

    def held() -> dict[str, Any]:
        told = shop.client.get(f"{shop.base}/campaigns/{CAMPAIGN}/health", by=shop.owner).json()
        return next(check for check in told["checks"] if check["id"] == "held")

    assert held()["status"] == "PASS"
    clock.advance(30 * DAY + HOUR)
    assert held()["status"] == "WARN"
    assert (held()["evidence"]["waitingReversals"], held()["evidence"]["waitingSince"]) == (1, begun)


@pytest.mark.parametrize("rule", ["ONCE_PER_VISITOR", "ONCE_PER_CLICK"])
def test_a_refund_gives_no_place_back(shop: Funnel, home: Installation, rule: str) -> None:
    """The first to arrive counts, also after its refund; and what is not unique has no reversal that moves."""
    shop.campaign(countingRule=rule)
    ctx = shop.click().ctx
    shop.convert(ctx, "1", value="10")
    take_back(shop, "r1", conversionKey="1")
    assert shop.convert(ctx, "2", value="10")["disposition"] == "NOT_UNIQUE"
    assert funnel_of(shop) == (1, 1, 1, usd("10.00", "0.00"))
    counters_hold(home)
