"""`funnelproof health`: the light as an exit status, and what turned while one watched."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.conftest import CAMPAIGN, EMAIL, PASSWORD, funnelproof, make_token, serving
from funnelproof.cli.health.show import Turn, Watching, turned


def seen(status: str = "PASS", **checks: str) -> dict[str, Any]:
    found = [{"id": id_, "status": own, "title": f"{id_}.", "remedy": "Mend it."} for id_, own in checks.items()]
    return {
        "campaignId": "c",
        "status": status,
        "score": 50,
        "checkedAt": "2026-11-23T09:00:00Z",
        "spendRamp": {"ready": status == "PASS", "blockers": []},
        "checks": found,
    }


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (seen(clicks="PASS"), seen(clicks="PASS"), []),
        (seen(clicks="PASS"), seen("WARN", clicks="WARN"), [("light", "PASS", "WARN"), ("clicks", "PASS", "WARN")]),
        (seen(), seen(page="PASS"), [("page", "absent", "PASS")]),
        (seen(page="PASS"), seen(), [("page", "PASS", "absent")]),
    ],
)
def test_what_turned(before: dict[str, Any], now: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert turned(before, now) == [Turn(*own) for own in expected]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_watching_tells_each_turn_and_each_gap_once(is_terminal: bool) -> None:  # noqa: FBT001
    text = io.StringIO()
    console = Console(file=text, force_terminal=is_terminal, width=200, _environ={"TERM": "xterm"})
    with Watching(seen(clicks="PASS"), console) as watching:
        watching.missed("It does not answer.")
        if not is_terminal:
            watching.missed("It does not answer.")
        watching.see(seen("FAIL", clicks="FAIL"))
        watching.see(seen("FAIL", clicks="FAIL"))
    said = text.getvalue()
    assert "clicks: PASS → " in said
    assert "FAIL, 50 of 100" in said or not is_terminal
    if not is_terminal:
        assert (said.count("clicks: PASS → FAIL"), said.count("does not answer"), "\x1b" in said) == (1, 1, False)
        assert max(len(line) for line in said.splitlines()) <= 80


def test_the_light_is_the_exit_status_for_tokens_and_for_people(data: Path) -> None:
    token = make_token(data, "campaigns.*", "links.*")
    with serving(data) as served:
        at = ("health", CAMPAIGN["campaignId"], "--url", served.url, "--token")
        with served.client(token) as client:
            assert client.post("/v2/handles/gharart/campaigns", json={**CAMPAIGN, "currency": "USD"}).is_success
            unproven = funnelproof(*at, token)
            watched = funnelproof(*at, "-", "--watch", "--every", 2, "--minutes", 0.001, stdin=token)
            link = {"destinationUrl": "https://shop.gharart.example/new", "campaignId": "new-buyer-funnel"}
            shut = client.put("/v2/handles/gharart/links/buy-now", json={**link, "enabled": False})
            assert shut.is_success, shut.text
            session = client.post("/v2/auth/login", json={"email": EMAIL, "password": PASSWORD}).json()
        person = funnelproof(*at, session["accessToken"], "--json")
        missing = funnelproof("health", "none-such", "--url", served.url, "--token", token, "--json")
    assert (unproven.returncode, unproven.stderr) == (1, "")
    assert "new-buyer-funnel: UNKNOWN" in unproven.stdout
    assert (watched.returncode, watched.stderr) == (0, "")
    assert "new-buyer-funnel: UNKNOWN" in watched.stdout
    assert (person.returncode, json.loads(person.stdout)["status"]) == (1, "FAIL")
    assert (missing.returncode, json.loads(missing.stdout)["error"]) == (2, "campaign_not_found")
