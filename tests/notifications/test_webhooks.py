"""Webhooks through HTTP, to a receiver that is a real server."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client, make_cast, refused
from conftest import MakeInstallation
from funnel import CAMPAIGN, Funnel
from funnelproof.app import Application
from funnelproof.clock import DAY, SECOND, SetClock
from funnelproof.notifications.deliver import forget_deliveries
from funnelproof.notifications.webhook import SCHEDULE, Event, next_due, signature
from notifications.receiver import Receiver, receiving

HOOKS = f"/v2/handles/{HANDLE}/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as told:
        yield told


@pytest.fixture
def application(make_installation: MakeInstallation) -> Application:
    return Application(make_installation(allow_private_targets=True))


@pytest.fixture
def cast(application: Application) -> Cast:
    return make_cast(application.home)


@pytest.fixture
def hooks(cast: Cast) -> Actor:
    return cast.token("webhooks.*")


def made(client: Client, by: Actor, url: str, *events: str) -> dict[str, Any]:
    answer = client.post(HOOKS, {"url": url, "events": list(events or Event)}, by=by)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def deliver(client: Client, application: Application) -> None:
    async def turn() -> None:
        await application.courier()
        await application.courier.settle()

    client.run(turn())


def sent(client: Client, by: Actor, webhook_id: str) -> list[dict[str, Any]]:
    return list(client.get(f"{HOOKS}/{webhook_id}/deliveries", by=by).json()["items"])


def ordered(funnel: Funnel) -> dict[str, Any]:
    return funnel.convert(funnel.click().ctx, "order-1", value="49.90", currency="EUR")


def test_the_signature_is_that_of_standard_webhooks() -> None:
    case = json.loads((Path(__file__).parents[1] / "vectors" / "signatures.json").read_text())["standard_webhooks"]
    made = signature(case["secret"], message_id=case["id"], at_seconds=case["ts"], body=case["payload"])
    assert made == case["sig"]


def test_a_conversion_arrives_once_signed_and_a_repeat_tells_nobody(
    funnel: Funnel, client: Client, application: Application, hooks: Actor, receiver: Receiver, clock: SetClock
) -> None:
    funnel.campaign()
    webhook = made(client, hooks, receiver.url, "conversion.recorded")
    answer = ordered(funnel)
    assert funnel.send(funnel.click(person=2).ctx, "order-2", value="1.00", currency="EUR").status_code == 201
    deliver(client, application)
    deliver(client, application)
    assert len(receiver.got) == 2
    headers, body = next(each for each in receiver.got if answer["conversionId"] in each[1])
    told = json.loads(body)
    assert (told["type"], told["data"]["value"], told["data"]["handle"]) == ("conversion.recorded", "49.90", HANDLE)
    seconds = int(headers["webhook-timestamp"])
    assert seconds == clock.now() // SECOND
    expected = signature(webhook["secret"], message_id=headers["webhook-id"], at_seconds=seconds, body=body)
    assert headers["webhook-signature"] == expected
    listed = sent(client, hooks, webhook["webhookId"])
    assert {(own["state"], own["statusCode"], own["attempts"]) for own in listed} == {("DELIVERED", 204, 1)}
    assert body in {own["body"] for own in listed}


def test_other_events_are_told_where_they_happen_and_tests_tell_no_conversion(
    funnel: Funnel, client: Client, application: Application, hooks: Actor, receiver: Receiver, cast: Cast
) -> None:
    funnel.campaign()
    made(client, hooks, receiver.url)
    ordered(funnel)
    path = f"{funnel.base}/campaigns/{CAMPAIGN}"
    assert client.post(
        f"{funnel.base}/reversals", {"idempotencyKey": "r1", "conversionKey": "order-1"}, by=funnel.owner
    )
    assert client.post(f"{path}/test-conversion", {}, by=funnel.owner).status_code == 201
    answer = client.post(f"{path}/decision", {"variantId": "b", "reason": "it is better"}, by=cast.owner)
    assert answer.status_code in (200, 201), answer.text
    deliver(client, application)
    told = sorted(json.loads(body)["type"] for _, body in receiver.got)
    assert [kind for kind in told if not kind.endswith("_changed")] == [
        "campaign.decided",
        "conversion.recorded",
        "conversion.reversed",
        "test.completed",
        "webhook.test",
    ]


def test_a_failure_is_tried_again_by_the_schedule_with_the_same_id_until_it_holds(
    funnel: Funnel, client: Client, application: Application, hooks: Actor, receiver: Receiver, clock: SetClock
) -> None:
    funnel.campaign()
    webhook = made(client, hooks, receiver.url, "conversion.recorded")
    receiver.answers = [(500, {}, b"not now"), (503, {"retry-after": "60"}, b"")]
    ordered(funnel)
    deliver(client, application)
    deliver(client, application)
    assert len(receiver.got) == 1
    [own] = sent(client, hooks, webhook["webhookId"])
    assert (own["state"], own["statusCode"], own["answer"], own["attempts"]) == ("PENDING", 500, "not now", 1)
    assert client.get(HOOKS, by=hooks).json()["items"][0]["failures"] == 1
    clock.advance(6 * SECOND)
    deliver(client, application)
    clock.advance(331 * SECOND)
    deliver(client, application)
    [own] = sent(client, hooks, webhook["webhookId"])
    assert (own["state"], own["attempts"], own["nextAttemptAt"]) == ("DELIVERED", 3, None)
    assert len(set(receiver.events())) == 1
    assert client.get(HOOKS, by=hooks).json()["items"][0]["failures"] == 0


def test_the_schedule_ends_after_ten_attempts_and_honours_retry_after() -> None:
    assert [next_due(tries, 0, retry_after=None, chance=0.0) for tries in range(1, 10)] == list(SCHEDULE[1:])
    assert next_due(10, 0, retry_after=5 * SECOND, chance=0.0) is None
    assert next_due(1, 0, retry_after=DAY * 9, chance=0.0) == DAY
    assert next_due(1, 0, retry_after=None, chance=0.99) == int(5 * SECOND * 1.099)


def test_who_answers_410_gets_nothing_more(
    funnel: Funnel, client: Client, application: Application, hooks: Actor, receiver: Receiver
) -> None:
    funnel.campaign()
    made(client, hooks, receiver.url, "conversion.recorded")
    receiver.answers = [(410, {}, b"")]
    ordered(funnel)
    deliver(client, application)
    funnel.convert(funnel.click(person=2).ctx, "order-2", value="1.00", currency="EUR")
    deliver(client, application)
    assert len(receiver.got) == 1
    [webhook] = client.get(HOOKS, by=hooks).json()["items"]
    assert (webhook["disabledReason"], webhook["disabledAt"] is None) == ("The receiver answered 410 Gone.", False)


def test_a_slow_receiver_keeps_no_other_waiting(
    funnel: Funnel, client: Client, application: Application, hooks: Actor, receiver: Receiver
) -> None:
    leave, arrived = threading.Event(), threading.Event()
    funnel.campaign()
    with receiving() as slow:
        slow.before_answer = lambda: leave.wait(60)
        receiver.before_answer = arrived.set
        for url in (slow.url, receiver.url):
            made(client, hooks, url, "conversion.recorded")
        ordered(funnel)

        async def turn() -> None:
            await application.courier()
            assert await asyncio.to_thread(arrived.wait, 60)
            leave.set()
            await application.courier.settle()

        client.run(turn())
    assert len(slow.got) == len(receiver.got) == 1


def test_it_can_be_tried_out_and_sent_again(
    client: Client, application: Application, hooks: Actor, receiver: Receiver
) -> None:
    webhook = made(client, hooks, receiver.url)
    receiver.answers = [(400, {}, b"unknown event")]
    path = f"{HOOKS}/{webhook['webhookId']}/test"
    answer = client.post(path, by=hooks)
    assert (answer.status_code, answer.json()["state"], answer.json()["answer"]) == (201, "FAILED", "unknown event")
    again = f"/v2/handles/{HANDLE}/deliveries/{answer.json()['deliveryId']}/redeliver"
    assert client.post(again, by=hooks).status_code == 202
    deliver(client, application)
    assert len(set(receiver.events())) == 1
    assert [own["state"] for own in sent(client, hooks, webhook["webhookId"])] == ["DELIVERED"]
    refused(client.post(again.replace("dlv_", "dlv_0"), by=hooks), 404, "not_found")


def test_secrets_are_shown_once_and_others_may_nothing(client: Client, cast: Cast, hooks: Actor) -> None:
    webhook = made(client, hooks, "https://shop.example/hook")
    assert webhook["secret"].startswith("whsec_")
    assert webhook["secret"] not in client.get(HOOKS, by=hooks).text
    refused(client.get(HOOKS), 401, "missing_bearer_token")
    refused(client.get(HOOKS, by=cast.teammate), 403, "insufficient_role")
    refused(client.get(HOOKS, by=cast.token("campaigns.*")), 403, "insufficient_scope")
    refused(client.get(HOOKS, by=cast.stranger), 404, "handle_not_found")
    one = f"{HOOKS}/{webhook['webhookId']}"
    refused(client.delete(one.replace(HANDLE, "elsewhere"), by=cast.stranger), 404, "not_found")
    for url in ("http://10.0.0.1/x", "http://169.254.169.254/latest", "ftp://shop.example", "http://2130706433/"):
        refused(client.post(HOOKS, {"url": url, "events": ["page.published"]}, by=hooks), 400, "invalid_url")
    refused(client.post(HOOKS, {"url": "https://shop.example", "events": ["x"]}, by=hooks), 400, "invalid_events")
    assert client.delete(one, by=hooks).status_code == 204
    refused(client.delete(one, by=hooks), 404, "not_found")
    for number in range(20):
        made(client, hooks, f"https://shop.example/{number}")
    refused(
        client.post(HOOKS, {"url": "https://shop.example", "events": ["page.published"]}, by=hooks),
        409,
        "too_many_webhooks",
    )


def test_deliveries_are_forgotten_after_thirty_days(
    client: Client, application: Application, hooks: Actor, receiver: Receiver, clock: SetClock
) -> None:
    webhook = made(client, hooks, receiver.url)
    client.post(f"{HOOKS}/{webhook['webhookId']}/test", by=hooks)
    write = application.home.database.write_now
    assert write(lambda tx: forget_deliveries(tx, clock.now() + 29 * DAY)) == 0
    assert write(lambda tx: forget_deliveries(tx, clock.now() + 31 * DAY)) == 1
    assert sent(client, hooks, webhook["webhookId"]) == []


def test_the_receiver_of_the_manual_knows_ours_from_others(
    client: Client, hooks: Actor, receiver: Receiver, clock: SetClock
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    names: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], names)  # noqa: S102 - what the page shows is run
    secret = made(client, hooks, receiver.url)["secret"]
    webhook_id = client.get(HOOKS, by=hooks).json()["items"][0]["webhookId"]
    client.post(f"{HOOKS}/{webhook_id}/test", by=hooks)
    [(headers, body)] = receiver.got
    now = clock.now() / SECOND
    assert names["verified"](headers, body, secret, now)
    assert not names["verified"](headers, body + " ", secret, now)
    assert not names["verified"](headers, body, secret, now + 301)
    assert all(event in page for event in Event)
