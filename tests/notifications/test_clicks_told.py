"""`link.clicked`: written with the click only where somebody asked, told second by second."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from cast import HANDLE, Actor, Cast, Client
from funnel import CAMPAIGN, Funnel
from funnelproof.clock import SECOND, SetClock
from funnelproof.installation import Installation
from funnelproof.notifications import store
from funnelproof.notifications.clicks import ClickTeller
from funnelproof.storage.database import Database
from funnelproof.storage.schema import clicks_to_tell, deliveries

HOOKS = f"/v2/handles/{HANDLE}/webhooks"
HOOK = "https://hooks.gharart.example/clicks"


@pytest.fixture
def hooks(cast: Cast) -> Actor:
    return cast.token("webhooks.*")


@pytest.fixture
def told(installation: Installation) -> Callable[[], list[list[str]]]:
    """Let the job run; the click ids of each delivery there is, the oldest first."""
    job = ClickTeller(installation.clock.now)

    def tell() -> list[list[str]]:
        while installation.database.write_now(job):
            pass
        return [[click["clickId"] for click in body["data"]["clicks"]] for body in bodies(installation.database)]

    return tell


def bodies(database: Database) -> list[dict[str, Any]]:
    statement = select(deliveries.c.body).order_by(deliveries.c.made_at, deliveries.c.delivery_id)
    return [json.loads(text) for (text,) in database.read_now(lambda tx: tx.execute(statement).all())]


def waiting(database: Database) -> int:
    count = select(func.count()).select_from(clicks_to_tell)
    return int(database.read_now(lambda tx: tx.execute(count).scalar_one()))


def subscribe(client: Client, by: Actor, *events: str) -> str:
    answer = client.post(HOOKS, {"url": HOOK, "events": list(events)}, by=by)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["webhookId"])


def test_clicks_of_a_second_come_in_one_delivery_for_each_subscription(
    funnel: Funnel,
    client: Client,
    installation: Installation,
    hooks: Actor,
    clock: SetClock,
    told: Callable[[], list[list[str]]],
) -> None:
    funnel.campaign()
    funnel.follow(person=1)
    for _ in range(2):
        subscribe(client, hooks, "link.clicked")
    for person in (2, 3):
        funnel.follow(person=person)
    assert told() == []
    clock.advance(SECOND)
    funnel.follow(person=4)
    first, second = told()
    assert (len(first), first) == (2, second)
    clock.advance(SECOND)
    assert [len(own) for own in told()] == [2, 2, 1, 1]
    assert (told(), waiting(installation.database)) == (told(), 0)
    body = bodies(installation.database)[0]
    click = body["data"]["clicks"][0]
    assert (body["type"], body["data"]["handle"]) == ("link.clicked", HANDLE)
    assert (click["campaignId"], click["qualified"], click["kind"]) == (CAMPAIGN, True, "PERSON")
    assert "visitor" not in json.dumps(body)


def test_nothing_is_written_where_nobody_asked_and_nothing_of_a_run(
    funnel: Funnel, client: Client, installation: Installation, hooks: Actor, cast: Cast
) -> None:
    funnel.campaign()
    subscribe(client, hooks, "conversion.recorded")
    funnel.follow(person=1)
    assert waiting(installation.database) == 0
    webhook_id = subscribe(client, hooks, "link.clicked")
    path = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/test-conversion"
    assert client.post(path, {}, by=cast.owner).status_code == 201
    assert waiting(installation.database) == 0
    funnel.follow(person=2)
    assert waiting(installation.database) == 1
    client.call("DELETE", f"{HOOKS}/{webhook_id}", by=hooks)
    funnel.follow(person=3)
    assert waiting(installation.database) == 1


def test_what_waits_when_the_last_subscription_goes_is_told_to_nobody(
    funnel: Funnel,
    client: Client,
    installation: Installation,
    hooks: Actor,
    clock: SetClock,
    told: Callable[[], list[list[str]]],
) -> None:
    funnel.campaign()
    webhook_id = subscribe(client, hooks, "link.clicked")
    funnel.follow(person=1)
    client.call("DELETE", f"{HOOKS}/{webhook_id}", by=hooks)
    clock.advance(SECOND)
    assert (told(), waiting(installation.database)) == ([], 0)


def test_more_than_five_hundred_come_in_several(
    client: Client, installation: Installation, hooks: Actor, clock: SetClock, told: Callable[[], list[list[str]]]
) -> None:
    subscribe(client, hooks, "link.clicked")
    names = [f"clk_{number:04}" for number in range(501)]
    rows = [(HANDLE, name, clock.now(), json.dumps({"clickId": name})) for name in names]
    installation.database.write_now(lambda tx: store.add_clicks_to_tell(tx, rows))
    clock.advance(SECOND)
    found = sorted(told(), key=len)
    assert [len(own) for own in found] == [1, 500]
    assert sorted(found[0] + found[1]) == names
