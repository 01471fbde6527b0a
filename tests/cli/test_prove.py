"""`funnelproof prove` as CI calls it: against a real server, by its exit status and its reports."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cli.conftest import CAMPAIGN, funnelproof, make_token, serving
from funnelproof.plans.reports.repro import without_ids_and_times

SCOPES = ("campaigns.*", "links.*", "analytics.read", "conversions.write")
WRONG = "plan: P\ncampaign: new-buyer-funnel\nscenes:\n  - visit:\n  - read: funnel\n    expect: {clicks: 2}\n"
NOWHERE = ("--url", "http://127.0.0.1:9", "--token", "t")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.yaml"
    file.write_text(WRONG)
    return file


def test_the_demos_plan_is_green_a_wrong_one_red_and_reports_are_written(
    data: Path, tmp_path: Path, plan: Path
) -> None:
    token = make_token(data, *SCOPES)
    reports = {kind: tmp_path / f"report.{kind}" for kind in ("junit", "html", "json")}
    words = [word for kind, file in reports.items() for word in (f"--{kind}", file)]
    with serving(data) as served:
        with served.client(token) as client:
            made = client.post("/v2/handles/gharart/campaigns", json={**CAMPAIGN, "currency": "USD"})
            assert made.status_code == 201, made.text
        at = ("--url", served.url, "--token", token)
        green = funnelproof("prove", "--ready", "new-buyer-funnel", *at, *words)
        again = funnelproof(
            "prove", "--ready", "new-buyer-funnel", "--json", "-", "--url", served.url, "--token", "-", stdin=token
        )
        red = funnelproof("prove", plan, *at)
    assert (green.returncode, green.stderr) == (0, "")
    assert "PASS: 11 passed in " in green.stdout
    assert ET.parse(reports["junit"]).getroot().get("failures") == "0"  # noqa: S314
    assert "<h1>The Gharart launch</h1>" in reports["html"].read_text()
    first, second = json.loads(reports["json"].read_text()), json.loads(again.stdout)
    assert without_ids_and_times(first) == without_ids_and_times(second)
    assert red.returncode == 1
    assert "line 5: clicks\n          expected  2\n          seen      1\n" in red.stdout


def test_a_plan_that_cannot_be_read_ends_with_2_and_says_where(tmp_path: Path) -> None:
    file, report = tmp_path / "plan.yaml", tmp_path / "report.xml"
    file.write_text("plan: P\nscenes:\n  - vist:\n")
    answer = funnelproof("prove", file, *NOWHERE, "--junit", report)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == f"Error: {file}:3:5: vist is not understood here; did you mean visit?\n"
    assert ET.parse(report).getroot().get("errors") == "1"  # noqa: S314


def test_a_server_that_is_not_there_ends_with_2_and_a_report(plan: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    answer = funnelproof("prove", plan, *NOWHERE, "--json", report)
    assert answer.returncode == 2
    told = json.loads(report.read_text())
    assert (told["verdict"], told["error"]) == ("ERROR", "server_gone")
    assert [scene["verdict"] for scene in told["scenes"]] == ["NOT_RUN", "NOT_RUN"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Name one plan"),
        (("--ready", "duplicate-strom", *NOWHERE), "did you mean duplicate-storm?"),
        (("--ready", "duplicate-storm", "--token", "t"), "--url is the server's address"),
        (("--ready", "duplicate-storm", "--url", "http://127.0.0.1:9"), "--token is needed"),
        (("--ready", "duplicate-storm", *NOWHERE, "--html", "/no/such/folder/report.html"), "cannot be written"),
        (("/no/such/plan.yaml", *NOWHERE), "/no/such/plan.yaml: No such file"),
    ],
)
def test_what_is_missing_is_told(words: tuple[str, ...], said: str) -> None:
    answer = funnelproof("prove", *words)
    assert answer.returncode == 2
    assert said in answer.stderr


def test_the_schema_and_the_ready_made_plans_can_be_printed() -> None:
    assert json.loads(funnelproof("prove", "--schema").stdout)["$id"] == "/v2/public/schemas/plan"
    assert "duplicate-storm " in funnelproof("prove", "--list-ready").stdout
