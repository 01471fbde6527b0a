"""A batch: each conversion is answered for itself as at the edge, in slices, on both engines."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest

from cast import Actor, refused
from funnel import CAMPAIGN, Funnel
from funnelproof.clock import DAY, SetClock
from funnelproof.conversions import batch
from funnelproof.conversions.conversion import Claim
from funnelproof.conversions.record import Answer, record
from funnelproof.installation import Installation
from funnelproof.recount.compare import recount
from funnelproof.storage.database import Transaction

PATH = "/v2/handles/gharart/conversions/batch"


def send(shop: Funnel, items: list[Any], *, by: Actor | None = None, **more: Any) -> httpx2.Response:
    return shop.client.post(PATH, {"conversions": items, **more}, by=by or shop.owner)


def order(ctx: str, key: str, **more: Any) -> dict[str, Any]:
    return {"ctx": ctx, "idempotencyKey": key, **more}


def counters_hold(home: Installation) -> None:
    assert recount(home.database, now=home.clock.now()).differences == []


def test_each_is_answered_for_itself(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    other = Funnel(shop.client, shop.cast, base="/v2/handles/elsewhere")
    other.owner = shop.cast.stranger
    other.campaign()
    ctx, theirs = shop.click().ctx, other.click(handle="elsewhere").ctx
    shop.convert(ctx, "known", value="5")
    answer = send(
        shop,
        [
            order(ctx, "new", value="49.90"),
            order(ctx, "new", value=49.9),
            order(ctx, "new", value="50"),
            order(ctx, "known", value="5.00"),
            order(theirs, "theirs"),
            order(ctx[:30] + ("A" if ctx[30] != "A" else "B") + ctx[31:], "tampered"),
            order(ctx, "{{order_id}}", price="1"),
            "not an object",
            order(ctx, "last", value="1"),
        ],
    )
    told = answer.json()
    assert answer.status_code == 200, answer.text
    assert [item["status"] for item in told["items"]] == [201, 200, 422, 200, 400, 400, 400, 400, 201]
    assert (told["recorded"], told["duplicates"], told["refused"]) == (2, 2, 5)
    problems = {item["index"]: item["problem"] for item in told["items"] if item["problem"]}
    assert problems[2]["differs"] == ["/value"]
    assert (problems[4]["reason"], problems[5]["reason"]) == ("wrong_handle", "bad_signature")
    assert {fault["pointer"] for fault in problems[6]["errors"]} == {"/price", "/idempotencyKey"}
    assert problems[7]["requestId"] == answer.headers["x-request-id"]
    first = told["items"][0]["conversion"]
    assert (first["disposition"], first["value"], first["campaignId"]) == ("COUNTED", "49.90", CAMPAIGN)
    assert Counter(row["idempotency_key"] for row in shop.rows("conversions")) == {"known": 1, "new": 1, "last": 1}
    counters_hold(home)


def test_a_batch_goes_through_in_slices(shop: Funnel, home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "SLICE", 100)
    shop.campaign(maxPerClick=300)
    ctx, groups = shop.click().ctx, []

    def noted(tx: Transaction, told: Sequence[Claim]) -> list[Answer]:
        groups.append(len(told))
        return record(tx, told)

    monkeypatch.setattr(batch, "record", noted)
    told = send(shop, [order(ctx, f"order-{n}", value="1") for n in range(500)]).json()
    assert (told["recorded"], len(told["items"])) == (500, 500)
    assert [item["index"] for item in told["items"]] == list(range(500))
    dispositions = [item["conversion"]["disposition"] for item in told["items"]]
    assert dispositions == ["COUNTED"] * 300 + ["NOT_UNIQUE"] * 200
    assert (sum(groups), max(groups) <= 100) == (500, True)
    again = send(shop, [order(ctx, f"order-{n}", value="1") for n in range(500)]).json()
    assert (again["duplicates"], again["recorded"]) == (500, 0)
    counters_hold(home)


def test_orders_of_yesterday_count_when_they_occurred(shop: Funnel, home: Installation, clock: SetClock) -> None:
    shop.campaign()
    ctx = shop.click().ctx
    clock.advance(DAY)
    told = send(shop, [order(ctx, "1", occurredAt="2026-11-23T10:00:00Z"), order(ctx, "2")]).json()
    assert [item["conversion"]["occurredAt"][:10] for item in told["items"]] == ["2026-11-23", "2026-11-24"]
    counters_hold(home)


def test_trusted_conversions_are_taken_from_a_token_and_from_no_person(shop: Funnel) -> None:
    shop.campaign(trustedConversions=True)
    ctx = shop.click().ctx
    [item] = send(shop, [order(ctx, "1")], by=shop.cast.owner).json()["items"]
    assert (item["status"], item["problem"]["error"]) == (401, "missing_bearer_token")
    assert send(shop, [order(ctx, "1")], by=shop.cast.token("conversions.write")).json()["recorded"] == 1


def test_who_may_send_a_batch_and_how_much(shop: Funnel) -> None:
    shop.campaign()
    one = order("x", "1")
    refused(shop.client.post(PATH, {"conversions": [one]}), 401, "missing_bearer_token")
    refused(send(shop, [one], by=shop.cast.token("analytics.*")), 403, "insufficient_scope")
    refused(send(shop, [one], by=shop.cast.stranger), 404, "handle_not_found")
    refused(send(shop, []), 400, "invalid_conversions")
    refused(send(shop, [one] * 501), 400, "invalid_conversions")
    refused(send(shop, [one], mode="test"), 400, "unknown_field")
    refused(shop.client.post(PATH, [one], by=shop.owner), 400, "invalid_conversions")
    filler = {"a": "x" * 1_000_000}
    assert send(shop, [order("x", "1", properties=filler)]).json()["items"][0]["status"] == 400
    refused(send(shop, [order("x", str(n), properties=filler) for n in range(3)]), 413, "payload_too_large")
