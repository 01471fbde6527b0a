"""The step `live_untouched` of a run made step by step: it sees every row of the run, not the newest."""

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from cast import HANDLE, Actor, Client
from funnelproof.installation import Installation
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import clicks, conversion_keys, conversions, day_tallies, ledger

CAMPAIGN_ID = "new-buyer-funnel"


@pytest.fixture
def run(client: Client, tester: Actor, campaign: str) -> dict[str, Any]:
    """An open run with one order by each variant, and one click more than a page of any list."""
    opened = client.post(f"{campaign}/test-runs", {"seed": "seven"}, by=tester)
    run = {**opened.json(), "path": opened.headers["location"]}
    for variant in "ab":
        location = _click(client, run, f"variant={variant}; visitor=first-{variant}")
        made = {"ctx": location.rpartition("ctx=")[2], "idempotencyKey": f"order-{variant}", "value": "49.90"}
        assert client.post("/v2/public/conversions", made).status_code == 201
    for _ in range(201):
        _click(client, run, "variant=a; visitor=later")
    return run


def _click(client: Client, run: dict[str, Any], who: str) -> str:
    headers = {"X-Funnelproof-Run": run["runToken"], "X-Funnelproof-As": who}
    return str(client.get("/gharart/buy-now", headers=headers).headers["location"])


def _told(client: Client, run: dict[str, Any], by: Actor) -> list[dict[str, Any]]:
    receipt = client.post(f"{run['path']}/finish", by=by).json()
    return [step for each in receipt["variants"] for step in each["steps"] if step["id"] == "live_untouched"]


def test_a_run_that_stayed_in_its_world_passes_while_live_traffic_goes_on(
    client: Client, tester: Actor, run: dict[str, Any]
) -> None:
    live = client.get("/gharart/buy-now").headers["location"].rpartition("ctx=")[2]
    taken = {"ctx": live, "idempotencyKey": "order-a", "value": "1.00"}
    assert client.post("/v2/public/conversions", taken).status_code == 201
    told = _told(client, run, tester)
    assert [step["status"] for step in told] == ["PASS", "PASS"]
    assert told[0]["observed"] == {"liveRowsOfThisRun": 0, "countersMovedIn": "its own world only"}


@pytest.mark.parametrize(
    ("table", "oldest"),
    [
        (clicks, clicks.c.click_id),
        (ledger, ledger.c.first_at),
        (conversions, conversions.c.conversion_id),
        (conversion_keys, conversion_keys.c.idempotency_key),
    ],
    ids=["click", "visitor", "conversion", "key"],
)
def test_one_live_row_that_names_something_of_the_run_fails_it(
    client: Client, installation: Installation, tester: Actor, run: dict[str, Any], table: Any, oldest: Any
) -> None:
    def plant(tx: Transaction) -> None:
        of_run = select(table).where(table.c.handle == HANDLE, table.c.world == run["runId"])
        row = tx.execute(of_run.order_by(oldest).limit(1)).mappings().one()
        tx.execute(insert(table).values({**row, "world": "live"}))

    installation.database.write_now(plant)
    told = _told(client, run, tester)
    assert {step["status"] for step in told} == {"FAIL"}
    assert {step["observed"]["liveRowsOfThisRun"] for step in told} == {1}


def test_a_counter_that_moved_elsewhere_fails_it(
    client: Client, installation: Installation, tester: Actor, run: dict[str, Any]
) -> None:
    """One click of the run is counted in the live world in place of its own."""

    def move_away(tx: Transaction) -> None:
        own = (day_tallies.c.handle == HANDLE, day_tallies.c.world == run["runId"], day_tallies.c.dimension == "all")
        tx.execute(update(day_tallies).where(*own).values(clicks=day_tallies.c.clicks - 1))

    installation.database.write_now(move_away)
    told = _told(client, run, tester)
    assert {(step["status"], step["observed"]["countersMovedIn"]) for step in told} == {("FAIL", "other worlds too")}
