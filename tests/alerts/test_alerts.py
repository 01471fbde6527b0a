"""Alerts: mails into files, a chat that is a real server, a clock that tests move."""

import email
import email.policy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client, make_cast, refused
from conftest import MakeInstallation
from funnel import CAMPAIGN, SLUG, Funnel, rows_of
from funnelproof.app import Application
from funnelproof.clock import DAY, HOUR, MINUTE, SetClock, iso
from funnelproof.notifications.outbox import announce
from funnelproof.notifications.webhook import Event
from notifications.receiver import Receiver, receiving

ALERTS = f"/v2/handles/{HANDLE}/alerts"
HEALTH = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/health"
ANA = "ana@gharart.example"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as told:
        yield told


@pytest.fixture(params=["sqlite", "postgresql"])
def application(make_installation: MakeInstallation, request: pytest.FixtureRequest) -> Application:
    return Application(make_installation(request.param, allow_private_targets=True))


@pytest.fixture
def cast(application: Application) -> Cast:
    return make_cast(application.home)


@pytest.fixture
def alerts(cast: Cast) -> Actor:
    return cast.token("webhooks.*")


def wants(client: Client, by: Actor, **body: Any) -> dict[str, Any]:
    answer = client.put(ALERTS, {"mails": [ANA], **body}, by=by)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def turn(client: Client, application: Application) -> None:
    client.run(application.teller())


def mails(application: Application) -> list[tuple[str, str, str]]:
    """(to, subject, text), the oldest first."""
    files = sorted((application.home.settings.data / "mails").glob("*.eml"))
    read = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    return [(str(own["to"]), str(own["subject"]), str(own.get_content())) for own in read]


def subjects(application: Application) -> list[str]:
    return [subject for _, subject, _ in mails(application)]


def switch(funnel: Funnel, *, on: bool) -> str:
    """The primary link on or off, and the light that is then read and kept."""
    funnel.link(SLUG, campaignId=CAMPAIGN, enabled=on)
    return str(funnel.client.get(HEALTH, by=funnel.owner).json()["status"])


def test_a_funnel_that_breaks_is_told_at_once_and_that_it_works_again_after_the_calm(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, receiver: Receiver, clock: SetClock
) -> None:
    wants(client, alerts, chatUrl=receiver.url)
    funnel.campaign()
    switch(funnel, on=True)
    clock.advance(MINUTE)
    assert switch(funnel, on=False) == "FAIL"
    turn(client, application)
    ((to, subject, text),) = mails(application)
    assert (to, subject.startswith("Funnel broken: ")) == (ANA, True)
    assert "The primary link buy-now is not open: it is disabled." in text
    assert f"http://127.0.0.1:8080/app/{HANDLE}/campaigns/{CAMPAIGN}" in text
    told = json.loads(receiver.got[0][1])
    assert list(told) == ["text"]
    assert told["text"].startswith("*Funnel broken: ")
    clock.advance(MINUTE)
    switch(funnel, on=True)
    turn(client, application)
    assert len(mails(application)) == 1
    clock.advance(15 * MINUTE)
    for _ in range(2):
        turn(client, application)
    assert [own.partition(":")[0] for own in subjects(application)] == ["Funnel broken", "Funnel works again"]
    assert client.get(ALERTS, by=alerts).json()["sentAt"] == iso(clock.now())


def test_a_light_that_flickers_fills_nobodys_mailbox(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, clock: SetClock
) -> None:
    wants(client, alerts)
    funnel.campaign()
    switch(funnel, on=True)
    for on in (False, True, False, True, False):
        clock.advance(MINUTE)
        switch(funnel, on=on)
        turn(client, application)
    clock.advance(HOUR)
    turn(client, application)
    assert [own.partition(":")[0] for own in subjects(application)] == ["Funnel broken"]


def test_each_kind_can_be_turned_off_and_without_an_address_nobody_is_told(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, clock: SetClock
) -> None:
    wants(client, alerts, kinds=["VERDICT", "WEEKLY"])
    funnel.campaign()
    switch(funnel, on=True)
    clock.advance(MINUTE)
    switch(funnel, on=False)
    turn(client, application)
    wants(client, alerts, mails=[])
    clock.advance(MINUTE)
    switch(funnel, on=True)
    turn(client, application)
    assert mails(application) == []


def test_a_dead_chat_is_tried_again_shown_and_costs_nobody_a_second_mail(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, receiver: Receiver, clock: SetClock
) -> None:
    receiver.answers = [(500, {}, b"")] * 2
    wants(client, alerts, chatUrl=receiver.url)
    funnel.campaign()
    switch(funnel, on=True)
    clock.advance(MINUTE)
    switch(funnel, on=False)
    for _ in range(2):
        turn(client, application)
    shown = client.get(ALERTS, by=alerts).json()
    assert (len(receiver.got), shown["failure"], shown["failedAt"]) == (
        *(1, "chat: it answered 500."),
        iso(clock.now()),
    )
    for minutes in (1, 1, 2):
        clock.advance(minutes * MINUTE)
        turn(client, application)
    shown = client.get(ALERTS, by=alerts).json()
    assert (len(receiver.got), len(mails(application)), shown["failure"]) == (3, 1, None)


def test_who_was_told_that_it_broke_is_told_that_it_works_again_though_the_chat_is_dead(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, receiver: Receiver, clock: SetClock
) -> None:
    receiver.answers = [(500, {}, b"")] * 3
    wants(client, alerts, chatUrl=receiver.url)
    funnel.campaign()
    switch(funnel, on=True)
    clock.advance(MINUTE)
    switch(funnel, on=False)
    turn(client, application)
    switch(funnel, on=True)
    for _ in range(5):
        clock.advance(10 * MINUTE)
        turn(client, application)
    assert [own.partition(":")[0] for own in subjects(application)] == ["Funnel broken", "Funnel works again"]
    assert "works again" in receiver.got[-1][1]


def test_what_turns_while_it_is_told_is_told_after_the_calm(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, receiver: Receiver, clock: SetClock
) -> None:
    def mend() -> None:
        receiver.before_answer = None
        fact = {"campaignId": CAMPAIGN, "from": "FAIL", "to": "PASS"}
        home = application.home
        home.database.write_now(lambda tx: announce(tx, HANDLE, Event.HEALTH_CHANGED, [fact], at=clock.now() + 1))

    wants(client, alerts, chatUrl=receiver.url)
    funnel.campaign()
    switch(funnel, on=True)
    clock.advance(MINUTE)
    switch(funnel, on=False)
    receiver.before_answer = mend
    for minutes in (0, 10, 10):
        clock.advance(minutes * MINUTE)
        turn(client, application)
    told = [own.partition(":")[0] for own in subjects(application)]
    assert (told, len(receiver.got)) == (["Funnel broken", "Funnel works again"], 2)


def test_what_cannot_be_made_is_tried_again_and_keeps_nobody_else_waiting(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, clock: SetClock, monkeypatch: Any
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    home = application.home
    wants(client, alerts)
    funnel.campaign()
    for event, fact in (
        (Event.VERDICT_CHANGED, {"campaignId": CAMPAIGN, "from": "A", "to": "B"}),
        (Event.HEALTH_CHANGED, {"campaignId": CAMPAIGN, "from": "PASS", "to": "FAIL"}),
    ):
        home.database.write_now(lambda tx, event=event, fact=fact: announce(tx, HANDLE, event, [fact], at=clock.now()))
    with monkeypatch.context() as patched:
        patched.setattr("funnelproof.alerts.words.weigh", broken)
        for _ in range(2):
            turn(client, application)
    assert [own.partition(":")[0] for own in subjects(application)] == ["Funnel broken"]
    clock.advance(MINUTE)
    turn(client, application)
    assert [own.partition(":")[0] for own in subjects(application)] == ["Funnel broken", "A new verdict"]


def test_a_try_that_breaks_forgets_nobody_who_was_told(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, receiver: Receiver, clock: SetClock
) -> None:
    receiver.answers = [(500, {}, b"")]
    wants(client, alerts, chatUrl=receiver.url)
    funnel.campaign()
    switch(funnel, on=True)
    clock.advance(MINUTE)
    switch(funnel, on=False)
    turn(client, application)
    with pytest.MonkeyPatch.context() as patched:
        patched.delattr("funnelproof.alerts.words.examine")
        clock.advance(MINUTE)
        turn(client, application)
    clock.advance(10 * MINUTE)
    turn(client, application)
    assert (len(mails(application)), len(receiver.got)) == (1, 2)


def test_the_chats_address_is_a_secret_that_stays_unless_it_is_taken_back(
    client: Client, alerts: Actor, application: Application
) -> None:
    url = "https://chat.gharart.example/hooks/very-secret"
    assert client.get(ALERTS, by=alerts).json()["chatHost"] is None
    for body, host in (
        ({"chatUrl": url}, "chat.gharart.example"),
        ({}, "chat.gharart.example"),
        ({"chatUrl": None}, None),
    ):
        told = client.put(ALERTS, {"mails": [], **body}, by=alerts)
        assert (told.json()["chatHost"], "very-secret" in told.text) == (host, False)
    wants(client, alerts, chatUrl=url)
    home = application.home
    for table in ("alerts", "audit_lines", "kept_answers"):
        rows = rows_of(home.database, table)
        assert (table, "very-secret" in str(rows)) == (table, False)
    assert "chatUrl" in str(rows_of(home.database, "audit_lines"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"chatUrl": "http://169.254.169.254/latest"}, "invalid_chat_url"),
        ({"chatUrl": "ftp://chat.example"}, "invalid_chat_url"),
        ({"mails": ["nobody"]}, "invalid_mails"),
        ({"mails": [f"a{n}@gharart.example" for n in range(11)]}, "invalid_mails"),
        ({"kinds": ["DAILY"]}, "invalid_kinds"),
    ],
)
def test_what_cannot_be_told_is_refused(client: Client, alerts: Actor, body: dict[str, Any], code: str) -> None:
    refused(client.put(ALERTS, body, by=alerts), 400, code)


def test_it_can_be_tried(client: Client, alerts: Actor, application: Application, receiver: Receiver) -> None:
    refused(client.post(f"{ALERTS}/test", by=alerts), 400, "invalid_mails")
    receiver.answers = [(404, {}, b"")]
    wants(client, alerts, chatUrl=receiver.url)
    tries = client.post(f"{ALERTS}/test", by=alerts).json()["tries"]
    assert tries == [{"channel": ANA, "failure": None}, {"channel": "chat", "failure": "chat: it answered 404."}]
    assert subjects(application) == [f"Alerts of {HANDLE}"]


def test_a_new_verdict_and_a_start_that_was_kept_back_are_told(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, clock: SetClock
) -> None:
    home = application.home
    wants(client, alerts, kinds=["VERDICT", "LAUNCH"])
    funnel.campaign()
    fact = {"campaignId": CAMPAIGN, "from": "NO_DIFFERENCE_YET", "to": "NOT_ENOUGH_DATA"}
    home.database.write_now(lambda tx: announce(tx, HANDLE, Event.VERDICT_CHANGED, [fact], at=clock.now()))
    body = {"campaignId": "held-back", "name": "Held back", "goalType": "PRODUCT_SALE", "currency": "USD"}
    body |= {"launchPolicy": "GUARDED", "startsAt": iso(clock.now())}
    assert client.post(f"{funnel.base}/campaigns", body, by=funnel.owner).status_code == 201
    timer: Any = next(job for job in application.jobs.jobs if job.name == "schedule")
    home.database.write_now(timer.work)
    turn(client, application)
    assert sorted(own.partition(":")[0] for own in subjects(application)) == ["A new verdict", "Not started"]
    texts = " ".join(text for _, _, text in mails(application))
    assert "Nobody has entered the test yet." in texts
    assert "GUARDED is not met: " in texts


def test_the_week_is_told_once_on_monday_morning_to_whoever_was_there_before(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, clock: SetClock
) -> None:
    """It is Monday already when the alerts are made: they begin with the next one."""
    wants(client, alerts, kinds=["WEEKLY"])
    funnel.campaign()
    funnel.convert(funnel.click(person=1).ctx, "order", value="49.90", currency="USD")
    turn(client, application)
    assert mails(application) == []
    other = Application(application.home)
    clock.advance(7 * DAY - HOUR)
    for own in (application, other, application):
        client.run(own.teller())
    ((to, subject, text),) = mails(application)
    assert (to, subject) == (ANA, f"The week of {HANDLE}")
    assert "1 visitor, 1 conversion, 49.90 USD." in text
    assert "Health: " in text
    assert "Verdict: " in text
    clock.advance(7 * DAY)
    funnel.move("PAUSED")
    turn(client, application)
    assert len(mails(application)) == 1, "where nothing runs, nothing is told"


def test_whoever_turns_the_week_on_again_hears_of_the_next(
    funnel: Funnel, client: Client, application: Application, alerts: Actor, clock: SetClock
) -> None:
    wants(client, alerts, kinds=["HEALTH"])
    funnel.campaign()
    clock.advance(9 * DAY)
    wants(client, alerts, kinds=["WEEKLY"])
    turn(client, application)
    assert mails(application) == []
    clock.advance(6 * DAY)
    turn(client, application)
    assert subjects(application) == [f"The week of {HANDLE}"]
