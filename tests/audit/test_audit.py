"""Every write leaves a line in its own transaction, and a chain that nobody can touch unseen."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cast import HANDLE, Cast, Client, refused
from cli.conftest import data, funnelproof, initialised
from funnel import CAMPAIGN, Funnel
from funnelproof.audit import chain
from funnelproof.audit.line import FIRST
from funnelproof.installation import Installation

__all__ = ["data", "initialised"]
AUDIT = f"/v2/handles/{HANDLE}/audit"
Statement = Callable[[str], None]


def lines(client: Client, cast: Cast, query: str = "") -> list[dict[str, Any]]:
    return list(client.get(f"{AUDIT}{query}", by=cast.owner).json()["items"])


def chained(home: Installation) -> None:
    while home.database.write_now(chain.chain_new):
        pass


def test_every_write_leaves_one_line_and_what_was_refused_or_read_none(
    funnel: Funnel, client: Client, cast: Cast
) -> None:
    before = len(lines(client, cast))
    funnel.campaign()
    funnel.change(name="Renamed")
    funnel.move("PAUSED")
    funnel.link("other")
    client.delete(f"{funnel.base}/links/other", by=funnel.owner)
    client.post(f"{funnel.base}/campaigns/{CAMPAIGN}/test-conversion", {}, by=funnel.owner)
    funnel.move("ACTIVE")
    ctx = funnel.click().ctx
    client.post(
        f"{funnel.base}/conversions/batch", {"conversions": [{"ctx": ctx, "idempotencyKey": "1"}]}, by=funnel.owner
    )
    client.post(f"{funnel.base}/reversals", {"idempotencyKey": "r", "conversionKey": "1"}, by=funnel.owner)
    client.get(f"{funnel.base}/campaigns", by=funnel.owner)
    client.post(f"{funnel.base}/campaigns", {}, by=funnel.owner)
    found = lines(client, cast)[: len(lines(client, cast)) - before]
    assert [(line["method"], line["route"].rpartition("/")[2]) for line in reversed(found)] == [
        ("POST", "campaigns"),
        ("PATCH", "{campaignId}"),
        ("POST", "transitions"),
        ("PUT", "{slug}"),
        ("DELETE", "{slug}"),
        ("POST", "test-conversion"),
        ("POST", "transitions"),
        ("POST", "batch"),
        ("POST", "reversals"),
    ]
    assert [line["asked"] for line in found[:2]] == [None, None]
    renamed = found[-2]
    assert (renamed["objects"], renamed["asked"]) == ({"campaignId": CAMPAIGN}, {"name": "Renamed"})
    assert renamed["actor"].startswith("token:tok_")


def test_a_line_is_found_by_its_request_and_its_actor(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    answer = client.put(f"{funnel.base}/links/mine", {"destinationUrl": "https://a.example/"}, by=cast.teammate)
    (line,) = lines(client, cast, f"?requestId={answer.headers['x-request-id']}")
    assert lines(client, cast, f"?actor=user:{cast.teammate.user_id}") == [line]
    refused(client.get(AUDIT, by=cast.teammate), 403, "insufficient_role")
    refused(client.get(AUDIT, by=cast.token("campaigns.*")), 403, "insufficient_scope")
    refused(client.get(AUDIT, by=cast.stranger), 404, "handle_not_found")


def test_no_secret_is_in_a_line(funnel: Funnel, client: Client, cast: Cast) -> None:
    body = {"destinationUrl": "https://a.example/", "password": "open sesame"}
    assert client.put(f"{funnel.base}/links/shut", body, by=cast.owner).status_code == 201
    assert lines(client, cast)[0]["asked"] == {"destinationUrl": "https://a.example/", "password": None}
    long = {"destinationUrl": "https://a.example/", "tags": ["x" * 60] * 20, "title": "y" * 200, "routingRules": []}
    long["routingRules"] = [
        {"priority": n, "when": {"countryIn": ["DE"]}, "destinationUrl": f"https://a.example/{'z' * 90}{n}"}
        for n in range(40)
    ]
    assert client.put(f"{funnel.base}/links/long", long, by=cast.owner).status_code == 201
    assert lines(client, cast)[0]["asked"] == {"names": ["destinationUrl", "routingRules", "tags", "title"]}


@pytest.fixture
def home(funnel: Funnel, installation: Installation) -> Installation:
    """With a chain of some lines."""
    funnel.campaign()
    for n in range(4):
        funnel.link(f"link{n}")
    chained(installation)
    return installation


@pytest.fixture
def change(home: Installation) -> Statement:
    """As somebody would who has the database."""
    return lambda sql: home.database.write_now(lambda tx: tx.connection.execute(text(sql))) and None


def verified(home: Installation, head: str | None = None) -> chain.Verified:
    return home.database.read_now(lambda tx: chain.verify(tx, HANDLE, head))


def test_an_untouched_chain_holds_and_goes_on(home: Installation, funnel: Funnel) -> None:
    first = verified(home)
    assert (first.faults, first.lines > 4, first.head != FIRST) == ((), True, True)
    funnel.link("more")
    chained(home)
    later = verified(home, first.head)
    assert (later.faults, later.lines) == ((), first.lines + 1)


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("UPDATE audit_lines SET actor = 'user:usr_other' WHERE seq = 3", "was changed"),
        ("UPDATE audit_lines SET asked = '{}' WHERE seq = 2", "was changed"),
        ("DELETE FROM audit_lines WHERE seq = 3", "lines 3 to 3 are gone"),
        ("DELETE FROM audit_lines WHERE seq = 1", "lines 1 to 1 are gone"),
        ("UPDATE audit_lines SET seq = 7 - seq WHERE seq IN (3, 4)", "was changed"),
    ],
)
def test_whoever_touches_it_is_found_out(home: Installation, change: Statement, sql: str, told: str) -> None:
    change(sql)
    assert any(told in fault for fault in verified(home).faults)


def test_a_chain_that_is_cut_short_is_found_by_a_hash_noted_elsewhere(home: Installation, change: Statement) -> None:
    head = verified(home).head
    change("DELETE FROM audit_lines WHERE seq > 3")
    assert verified(home).faults == ()
    assert any("does not hold" in fault for fault in verified(home, head).faults)


def test_the_export_is_the_chain(home: Installation, client: Client, cast: Cast) -> None:
    told = [json.loads(line) for line in client.get(f"{AUDIT}/export", by=cast.owner).text.splitlines()]
    assert [line["seq"] for line in told] == list(range(1, len(told) + 1))
    assert told[-1]["hash"] == verified(home).head


def test_the_command_tells_it_by_its_exit_status(data: Path) -> None:
    held = funnelproof("audit", "verify", "--data", data)
    assert (held.returncode, "✓ gharart: 0 lines" in held.stdout) == (0, True), held.stderr
    cut = funnelproof("audit", "verify", "--data", data, "--handle", "gharart", "--head", "f" * 64, "--json")
    assert (cut.returncode, json.loads(cut.stdout)[0]["lines"]) == (1, 0)


def test_usage_is_told(funnel: Funnel, client: Client, cast: Cast) -> None:
    path = f"{funnel.base}/usage-meters"
    before = client.get(path, by=cast.teammate).json()
    funnel.campaign()
    after = client.get(path, by=cast.teammate).json()
    assert (after["writes"], after["writesPerDay"]) == (before["writes"] + 1, 10_000)
    assert 0 < after["resetsInSeconds"] <= 86_400
