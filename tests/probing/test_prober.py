"""Probing through HTTP and by the job: off unless allowed, politely, seen in health, and no click of anybody."""

from collections.abc import Iterator
from typing import Any

import pytest

from cast import HANDLE, Cast, Client, make_cast, refused
from conftest import MakeInstallation
from funnel import CAMPAIGN, Funnel, rows_of
from funnelproof.app import Application
from funnelproof.clock import DAY, HOUR, MINUTE, SetClock
from funnelproof.probing.store import forget
from probing.shop import Shop, shop

PROBE = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/probe"
HEALTH = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/health"


@pytest.fixture
def here() -> Iterator[Shop]:
    with shop() as told:
        yield told


@pytest.fixture
def application(make_installation: MakeInstallation) -> Application:
    return Application(make_installation(allow_private_targets=True, probing=True))


@pytest.fixture
def cast(application: Application) -> Cast:
    return make_cast(application.home)


def campaign(funnel: Funnel, here: Shop, path: str) -> None:
    variants = [
        {"variantId": "a", "weight": 50, "control": True, "destinationUrl": f"{here.url}/page"},
        {"variantId": "b", "weight": 50, "destinationUrl": here.url + path},
    ]
    funnel.campaign(variants=variants)


def check(client: Client, funnel: Funnel) -> dict[str, Any]:
    found = client.get(HEALTH, by=funnel.owner).json()["checks"]
    return dict(next(own for own in found if own["id"] == "destination"))


def test_it_is_off_unless_the_operator_allows_it(make_installation: MakeInstallation) -> None:
    told = {}
    for allowed in (False, True):
        opened = Application(make_installation(probing=allowed))
        told[allowed] = [job.name for job in opened.jobs.jobs]
    assert set(told[True]) - set(told[False]) == {"probe"}


def test_where_it_is_off_who_asks_is_told(make_installation: MakeInstallation) -> None:
    closed = Application(make_installation())
    with Client(closed) as other:
        refused(other.post(PROBE, by=make_cast(closed.home).token("campaigns.*")), 409, "probing_off")


@pytest.mark.parametrize(
    ("path", "statuses", "said"),
    [
        ("/loses", ["FAIL"], "b: A redirect loses the query."),
        ("/inner", ["FAIL"], "b: 169.254.169.254 leads to 169.254.169.254, which is no public address."),
        ("/broken", ["WARN", "FAIL"], "b: It answers 500."),
        ("/page", ["WARN"], "a: It ends on a page without https."),
    ],
)
def test_health_tells_what_was_found(
    funnel: Funnel, client: Client, here: Shop, clock: SetClock, path: str, statuses: list[str], said: str
) -> None:
    campaign(funnel, here, path)
    for status in statuses:
        assert client.post(PROBE, by=funnel.owner).status_code == 200
        seen = check(client, funnel)
        assert (seen["status"], said in seen["title"]) == (status, True), seen
        clock.advance(2 * MINUTE)
    assert seen["evidence"]["probes"]["b"]["place"].endswith(path if path not in ("/loses", "/inner") else "")


def test_what_was_found_speaks_for_a_day_and_is_forgotten_after_thirty(
    funnel: Funnel, client: Client, here: Shop, clock: SetClock, application: Application
) -> None:
    campaign(funnel, here, "/loses")
    client.post(PROBE, by=funnel.owner)
    assert check(client, funnel)["status"] == "FAIL"
    clock.advance(DAY + 1)
    assert check(client, funnel)["evidence"]["probes"] == {}
    home = application.home
    clock.advance(30 * DAY)
    assert home.database.write_now(lambda tx: forget(tx, clock.now())) == 2
    assert rows_of(home.database, "probes") == []


def test_nobody_is_asked_twice_within_a_minute_nor_by_the_job_within_a_quarter_of_an_hour(
    funnel: Funnel, client: Client, here: Shop, clock: SetClock, application: Application
) -> None:
    async def turn() -> None:
        while await application.prober():
            pass

    campaign(funnel, here, "/page?b")
    asked = []
    for minutes in (0, 0, 2):
        clock.advance(minutes * MINUTE)
        client.post(PROBE, by=funnel.owner)
        asked.append(len(here.asked))
    for minutes in (5, 16, 0, 60):
        clock.advance(minutes * MINUTE)
        client.run(turn())
        asked.append(len(here.asked))
    assert asked == [2, 2, 4, 4, 6, 6, 8]


def test_the_job_leaves_out_what_is_over(
    funnel: Funnel, client: Client, here: Shop, application: Application, clock: SetClock
) -> None:
    campaign(funnel, here, "/page?b")
    funnel.move("COMPLETED")
    clock.advance(HOUR)

    async def turn() -> None:
        while await application.prober():
            pass

    client.run(turn())
    assert here.asked == []


def test_a_probe_is_nobodys_click(funnel: Funnel, client: Client, here: Shop) -> None:
    campaign(funnel, here, "/moved")
    client.post(PROBE, by=funnel.owner)
    assert (rows_of(funnel.cast.home.database, "clicks"), rows_of(funnel.cast.home.database, "ledger")) == ([], [])
    ctx = here.asked[0][0].partition("ctx=")[2].partition("&")[0]
    told = refused(funnel.send(ctx, "order", value="1.00"), 400, "invalid_ctx")
    assert told["reason"] == "malformed"
