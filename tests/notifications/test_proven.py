"""The step `webhook_signed` of a test conversion, against receivers that are real servers."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client, make_cast
from conftest import MakeInstallation
from funnel import CAMPAIGN, Funnel
from funnelproof.app import Application
from funnelproof.notifications.webhook import new_secret, signature, verifies
from funnelproof.outgoing.client import Outgoing
from notifications.receiver import Receiver, receiving

HOOKS = f"/v2/handles/{HANDLE}/webhooks"
TESTED = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as told:
        yield told


@pytest.fixture
def application(make_installation: MakeInstallation) -> Application:
    """It waits half a second for whoever does not answer."""
    made = Application(make_installation(allow_private_targets=True))
    made.courier._outgoing = Outgoing(allow_loopback=True, whole_seconds=0.5)
    return made


@pytest.fixture
def cast(application: Application) -> Cast:
    return make_cast(application.home)


@pytest.fixture
def hooks(cast: Cast) -> Actor:
    return cast.token("webhooks.*")


def listens(client: Client, by: Actor, url: str, *events: str) -> str:
    answer = client.post(HOOKS, {"url": url, "events": list(events or ["conversion.recorded"])}, by=by)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["webhookId"])


def proven(funnel: Funnel) -> dict[str, Any]:
    answer = funnel.client.post(f"{TESTED}/test-conversion", {}, by=funnel.owner)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def signed_of(receipt: dict[str, Any]) -> dict[str, Any]:
    """The step, which is the same for every variant."""
    steps = [step for each in receipt["variants"] for step in each["steps"] if step["id"] == "webhook_signed"]
    assert len(steps) == len(receipt["variants"])
    first: dict[str, Any] = steps[0]
    assert all(step["status"] == first["status"] for step in steps)
    return first


def test_without_a_webhook_it_is_skipped(funnel: Funnel) -> None:
    funnel.campaign()
    receipt = proven(funnel)
    assert (signed_of(receipt)["status"], receipt["verdict"]) == ("SKIPPED", "PASS")


def test_every_webhook_gets_one_signed_event_and_the_receipt_says_who_took_it(
    funnel: Funnel, client: Client, hooks: Actor, receiver: Receiver
) -> None:
    funnel.campaign()
    ids = {listens(client, hooks, receiver.url, event) for event in ("test.completed", "lead.captured")}
    receipt = proven(funnel)
    step = signed_of(receipt)
    assert (step["status"], receipt["verdict"]) == ("PASS", "PASS")
    assert step["observed"] == {"accepted": "2 of 2", "signatures": "verify"}
    assert {own["webhookId"] for own in step["evidence"]["deliveries"]} == ids
    assert len(receiver.got) == 2
    assert all(receipt["runId"] in body and '"type":"webhook.test"' in body for _, body in receiver.got)
    assert proven(funnel)["fingerprint"] == receipt["fingerprint"]


@pytest.mark.parametrize("how", ["refuses", "is not there", "never answers"])
def test_who_does_not_take_it_fails_the_receipt_and_is_named(
    funnel: Funnel, client: Client, hooks: Actor, receiver: Receiver, how: str
) -> None:
    funnel.campaign()
    listens(client, hooks, receiver.url)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if how == "never answers":
            silent.listen()
        if how == "refuses":
            receiver.answers = [(500, {}, b"out of order")] * 2
        url = receiver.url if how == "refuses" else f"http://127.0.0.1:{silent.getsockname()[1]}/hook"
        webhook = listens(client, hooks, url)
        receipt = proven(funnel)
    step = signed_of(receipt)
    assert (step["status"], receipt["verdict"]) == ("FAIL", "FAIL")
    failed = [own for own in step["evidence"]["deliveries"] if own.get("answer") is not None]
    assert webhook in {own["webhookId"] for own in failed}
    listed = client.get(f"{HOOKS}/{webhook}/deliveries", by=hooks).json()["items"]
    assert [(own["event"], own["state"], own["nextAttemptAt"]) for own in listed] == [("webhook.test", "FAILED", None)]


def test_a_disabled_webhook_is_not_asked(funnel: Funnel, client: Client, hooks: Actor, receiver: Receiver) -> None:
    funnel.campaign()
    receiver.answers = [(410, {}, b"")]
    client.post(f"{HOOKS}/{listens(client, hooks, receiver.url)}/test", by=hooks)
    assert signed_of(proven(funnel))["status"] == "SKIPPED"


def test_another_event_to_hear_of_makes_the_receipt_stale(
    funnel: Funnel, client: Client, hooks: Actor, receiver: Receiver
) -> None:
    funnel.campaign()
    path = f"{TESTED}/test-runs/{proven(funnel)['runId']}"
    assert client.get(path, by=funnel.owner).json()["fresh"] is True
    listens(client, hooks, receiver.url, "lead.captured")
    told = client.get(path, by=funnel.owner).json()
    assert (told["fresh"], told["changedSince"]) == (False, ["/subscribedEvents"])
    health = client.get(f"{TESTED}/health", by=funnel.owner).json()
    receipts = next(check for check in health["checks"] if check["id"] == "receipts")
    assert receipts["status"] == "WARN"
    assert "What webhooks want to hear of changed after this test." in str(receipts)


@pytest.mark.parametrize(
    ("changed", "believed"),
    [({}, True), ({"webhook-id": "dlv_2"}, False), ({"webhook-timestamp": "1"}, False), ({"body": "{ }"}, False)],
)
def test_a_receiver_believes_only_what_was_signed(changed: dict[str, str], *, believed: bool) -> None:
    secret = new_secret()
    told = signature(secret, message_id="dlv_1", at_seconds=1_700_000_000, body="{}")
    sent = {"webhook-id": "dlv_1", "webhook-timestamp": "1700000000", "webhook-signature": told, "body": "{}"}
    sent |= changed
    assert verifies(secret, sent, sent["body"]) is believed
    assert not verifies(new_secret(), sent, sent["body"])
