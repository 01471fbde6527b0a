"""The step `webhook_signed` against real servers: who accepts, refuses, never answers, is not there, was disabled."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client, make_cast
from conftest import MakeInstallation
from funnelproof.app import Application
from funnelproof.clock import SECOND, SetClock
from funnelproof.notifications.deliver import Courier
from funnelproof.notifications.webhook import verifies
from funnelproof.outgoing.client import Outgoing
from notifications.receiver import Receiver, receiving

HOOKS = f"/v2/handles/{HANDLE}/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as told:
        yield told


@pytest.fixture
def application(make_installation: MakeInstallation, monkeypatch: pytest.MonkeyPatch) -> Application:
    """Its courier waits for half a second, not for five."""
    monkeypatch.setattr("funnelproof.app.Outgoing", lambda **given: Outgoing(**given, whole_seconds=0.5))
    return Application(make_installation(allow_private_targets=True))


@pytest.fixture
def cast(application: Application) -> Cast:
    return make_cast(application.home)


@pytest.fixture
def hooks(cast: Cast) -> Actor:
    return cast.token("webhooks.*")


def subscribe(client: Client, by: Actor, url: str, *events: str) -> dict[str, Any]:
    answer = client.post(HOOKS, {"url": url, "events": list(events or ("test.completed",))}, by=by)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def receipt_of(client: Client, by: Actor, campaign: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The receipt, and the step of each variant."""
    receipt = client.post(f"{campaign}/test-conversion", {}, by=by).json()
    steps = [step for own in receipt["variants"] for step in own["steps"] if step["id"] == "webhook_signed"]
    return dict(receipt), steps


def test_it_passes_where_the_delivery_was_accepted_and_its_signature_holds(
    client: Client, tester: Actor, hooks: Actor, campaign: str, receiver: Receiver, clock: SetClock
) -> None:
    made = subscribe(client, hooks, receiver.url)
    receipt, steps = receipt_of(client, tester, campaign)
    assert (receipt["verdict"], {step["status"] for step in steps}) == ("PASS", {"PASS"})
    (sent,) = receiver.got
    assert verifies(made["secret"], *sent)
    assert not verifies(made["secret"], sent[0], sent[1] + " ")
    (told,) = steps[0]["evidence"]["webhooks"]
    assert (told["webhookId"], told["deliveryId"]) == (made["webhookId"], sent[0]["webhook-id"])
    clock.advance(SECOND)
    assert receipt_of(client, tester, campaign)[0]["fingerprint"] == receipt["fingerprint"]


def test_it_is_skipped_only_where_nobody_is_subscribed_to_what_a_run_makes(
    client: Client, tester: Actor, hooks: Actor, campaign: str, receiver: Receiver
) -> None:
    subscribe(client, hooks, receiver.url, "lead.captured")
    receipt, steps = receipt_of(client, tester, campaign)
    assert (receipt["verdict"], {step["status"] for step in steps}, receiver.got) == ("PASS", {"SKIPPED"}, [])


def failing(client: Client, tester: Actor, campaign: str) -> dict[str, Any]:
    receipt, steps = receipt_of(client, tester, campaign)
    assert (receipt["verdict"], {step["status"] for step in steps}) == ("FAIL", {"FAIL"})
    assert {step["observed"]["delivery"] for step in steps} == {"refused"}
    (told,) = steps[0]["evidence"]["webhooks"]
    return dict(told)


def test_it_fails_where_the_receiver_refuses(
    client: Client, tester: Actor, hooks: Actor, campaign: str, receiver: Receiver
) -> None:
    subscribe(client, hooks, receiver.url)
    receiver.answers = [(500, {}, b"broken")]
    told = failing(client, tester, campaign)
    assert (told["status"], told["answer"]) == (500, "broken")


def test_it_fails_in_time_where_the_receiver_never_answers(
    client: Client, tester: Actor, hooks: Actor, campaign: str, receiver: Receiver
) -> None:
    done = threading.Event()
    receiver.before_answer = done.wait
    try:
        subscribe(client, hooks, receiver.url)
        told = failing(client, tester, campaign)
    finally:
        done.set()
    assert told["answer"] == "There was no whole answer within 0.5 s."


def test_it_fails_where_nobody_listens(client: Client, tester: Actor, hooks: Actor, campaign: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        subscribe(client, hooks, f"http://127.0.0.1:{closed.getsockname()[1]}/hook")
        told = failing(client, tester, campaign)
    assert told["status"] is None
    assert told["answer"].startswith("The connection failed")


def test_it_fails_where_the_webhook_is_disabled_and_nothing_is_sent(
    client: Client, tester: Actor, hooks: Actor, campaign: str, receiver: Receiver
) -> None:
    made = subscribe(client, hooks, receiver.url)
    receiver.answers = [(410, {}, b"")]
    client.post(f"{HOOKS}/{made['webhookId']}/test", by=hooks)
    assert failing(client, tester, campaign)["state"] == "DISABLED"
    assert len(receiver.got) == 1


def test_a_signature_that_does_not_hold_fails_it(
    client: Client,
    tester: Actor,
    hooks: Actor,
    campaign: str,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    subscribe(client, hooks, receiver.url)
    monkeypatch.setattr(Courier, "_signed", lambda *_: {**dict.fromkeys(SIGNED, "1"), "webhook-signature": "v1,x"})
    receipt, steps = receipt_of(client, tester, campaign)
    assert (receipt["verdict"], steps[0]["observed"]["signature"]) == ("FAIL", "does not hold")


SIGNED = ("webhook-id", "webhook-timestamp")


def test_another_subscription_makes_receipts_stale(
    client: Client, tester: Actor, hooks: Actor, campaign: str, receiver: Receiver
) -> None:
    run_id = receipt_of(client, tester, campaign)[0]["runId"]
    made = subscribe(client, hooks, receiver.url)
    stale = client.get(f"{campaign}/test-runs/{run_id}", by=tester).json()
    assert (stale["fresh"], [change["pointer"] for change in stale["changes"]]) == (False, ["/subscribedEvents"])
    client.call("DELETE", f"{HOOKS}/{made['webhookId']}", by=hooks)
    assert client.get(f"{campaign}/test-runs/{run_id}", by=tester).json()["fresh"]
