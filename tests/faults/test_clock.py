"""The machine's clock steps back an hour while people click and order: all is taken, and time never goes back."""

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from cast import Client, make_cast
from conftest import NOW, MakeInstallation
from funnel import Funnel
from funnelproof.app import Application
from funnelproof.clock import HOUR, Clock, SystemClock
from funnelproof.recount.compare import recount


class Machine:
    """What the machine says the time is: it passes with each look, and a test may set it back."""

    def __init__(self) -> None:
        self.now = NOW + HOUR

    def time_ns(self) -> int:
        self.now += 1000
        return self.now * 1000


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(time, "time_ns", machine.time_ns)
    return machine


@pytest.fixture
def clock(machine: Machine) -> Clock:
    """The clock that a server runs on."""
    return SystemClock()


@pytest.fixture
def funnel(make_installation: MakeInstallation, engine_kind: str) -> Iterator[Funnel]:
    home = make_installation(engine_kind)
    with Client(Application(home)) as client:
        yield Funnel(client, make_cast(home))


def test_a_clock_that_steps_back_loses_nothing_and_never_turns_time(machine: Machine, funnel: Funnel) -> None:
    funnel.campaign()
    orders = [_buy(funnel, number) for number in range(3)]
    machine.now -= HOUR
    orders += [_buy(funnel, number) for number in range(3, 6)]
    repeated = funnel.send(orders[0]["ctx"], "order-0")
    assert (repeated.status_code, repeated.json()["conversionId"]) == (200, orders[0]["conversionId"])
    machine.now += 2 * HOUR
    orders += [_buy(funnel, number) for number in range(6, 8)]

    clicks = {row["click_id"]: row["clicked_at"] for row in funnel.rows("clicks")}
    conversions = {row["conversion_id"]: row["received_at"] for row in funnel.rows("conversions")}
    assert len(clicks) == len(conversions) == len(orders)
    _check_never_back([clicks[order["clickId"]] for order in orders])
    _check_never_back([conversions[order["conversionId"]] for order in orders])
    report = recount(funnel.cast.home.database, now=machine.now)
    assert (report.differences, report.equal > 0) == ([], True)


def _buy(funnel: Funnel, number: int) -> dict[str, str]:
    clicked = funnel.click(person=number)
    made = funnel.convert(clicked.ctx, f"order-{number}")
    click_id = "clk_" + clicked.answer.headers["x-request-id"].removeprefix("req_")
    return {"ctx": clicked.ctx, "clickId": click_id, "conversionId": made["conversionId"]}


def _check_never_back(times: list[int]) -> None:
    assert all(earlier <= later for earlier, later in pairwise(times)), times
