"""`funnelproof demo --exit`, end to end against a real server."""

import json
from pathlib import Path

from cli.conftest import funnelproof, serving


def test_the_story_is_told_and_every_counter_holds(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    told = funnelproof("demo", "--exit", "--data", data)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stderr == ""
    lines = told.stdout.splitlines()
    for name in ("Health of new-buyer-funnel", "Funnel by variant", "Receipt of the test conversion: PASS"):
        assert any(line.startswith(name) for line in lines)
    assert [line for line in lines if line.startswith(("Dashboard", "Login", "curl"))] == []
    assert lines[-1] == "The server was stopped. `funnelproof demo` without --exit keeps it."
    assert max(map(len, lines)) <= 80
    checked = json.loads(funnelproof("recount", "--check", "--data", data, "--json").stdout)
    assert checked["different"] == 0
    assert checked["equal"] > 100


def test_a_folder_with_something_in_it_is_left_alone(data: Path) -> None:
    before = sorted(path.name for path in data.iterdir())
    refused = funnelproof("demo", "--exit", "--data", data, "--json")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["error"] == "not_empty"
    assert sorted(path.name for path in data.iterdir()) == before


def test_the_login_that_it_tells_opens_the_dashboard(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    told = json.loads(funnelproof("demo", "--exit", "--data", data, "--json").stdout)
    with serving(data) as server, server.client() as client:
        page = client.get("/app/signin").text
        form = {**told["login"], "act": "sign-in", "form": page.partition('name="form" value="')[2][:64]}
        answer = client.post("/app/signin", data=form, headers={"Origin": server.url})
        assert answer.headers["location"] == "/app"
        shown = client.get("/app/gharart/campaigns/new-buyer-funnel").text
    assert 'data-figure="clicks">400<' in shown
