"""What `funnelproof prove` cannot use: status 2, the place of the fault, and the receipt of what ran before it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import CAMPAIGN, Served, environment, funnelproof, init, make_token, serving

ALL = ("campaigns.*", "links.*", "analytics.read", "conversions.write")
HEAD = "plan: P\ncampaign: new-buyer-funnel\n"
NOWHERE = ("--url", "http://127.0.0.1:9", "--token", "t")
MANY_VISITS = 200


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of the handle that has the campaign: with every scope, and with reading alone. And the folder."""
    data = tmp_path_factory.mktemp("unusable") / "data"
    assert init(data).returncode == 0
    return {"all": make_token(data, *ALL), "reads": make_token(data, "campaigns.read"), "data": str(data)}


@pytest.fixture(scope="module")
def served(tokens: dict[str, str]) -> Iterator[Served]:
    with serving(Path(tokens["data"])) as served:
        with served.client(tokens["all"]) as client:
            made = client.post("/v2/handles/gharart/campaigns", json={**CAMPAIGN, "currency": "USD"})
            assert made.status_code == 201, made.text
        yield served


@pytest.mark.parametrize(
    ("lines", "token", "said"),
    [
        ("scenes: [{visit: {variant: bb}}]", "all", "plan.yaml:3:28: new-buyer-funnel has no variant bb"),
        ("handle: elsewhere\nscenes: [{visit: {}}]", "all", "the plan is for the handle elsewhere, the token is"),
        ("scenes: [{visit: {}}]", "reads", "needs the scope campaigns.test"),
        ("scenes: [{visit: {}}]", "patv1_tok_00.secret", "invalid_token"),
    ],
    ids=["misspelt variant", "another handle", "no campaigns.test", "no such token"],
)
def test_a_plan_that_does_not_fit_the_server_ends_with_2(
    served: Served, tokens: dict[str, str], tmp_path: Path, lines: str, token: str, said: str
) -> None:
    plan, report = tmp_path / "plan.yaml", tmp_path / "report.json"
    plan.write_text(f"{HEAD}{lines}\n")
    given = tokens.get(token, token)
    answer = funnelproof("prove", plan, "--url", served.url, "--token", given, "--json", report)
    assert (answer.returncode, said in answer.stderr) == (2, True), answer.stderr
    assert "Traceback" not in answer.stderr
    assert given not in answer.stderr + report.read_text()
    assert json.loads(report.read_text())["verdict"] == "ERROR"


def _bomb() -> str:
    levels = "\n".join(f"  - &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    return f"plan: P\nx:\n  - &l0 [lol]\n{levels}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "plan.yaml"),
        (_bomb(), "alias"),
        (f"plan: P\n# {'x' * 10_500_000}\n", "larger than"),
        ("plan: P\ncampaign: c\nscenes:\n  - fly:\n", "plan.yaml:4:5: fly is not understood"),
    ],
    ids=["empty", "bomb", "10 MB", "unknown verb"],
)
def test_a_file_that_is_no_plan_ends_with_2_before_anything_is_sent(tmp_path: Path, text: str, said: str) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(text)
    answer = funnelproof("prove", plan, *NOWHERE)
    assert (answer.returncode, answer.stdout, said in answer.stderr) == (2, "", True), answer.stderr
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr) < 2000


def test_a_server_that_is_killed_in_mid_run_leaves_the_receipt_of_what_ran(
    served: Served, tokens: dict[str, str], tmp_path: Path
) -> None:
    """The last test of this file: it ends its server, as a `kill -9` of the whole of it does."""
    plan, report = tmp_path / "plan.yaml", tmp_path / "report.json"
    plan.write_text(f"{HEAD}scenes:\n" + "  - visit:\n" * MANY_VISITS)
    words = ["prove", plan, "--url", served.url, "--token", tokens["all"], "--json", report]
    with subprocess.Popen(
        [sys.executable, "-m", "funnelproof", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as proving:
        assert proving.stdout is not None
        assert proving.stderr is not None
        assert [proving.stdout.readline().split()[:1] for _ in range(2)] == [["P"], ["✓"]]
        os.killpg(served.process.pid, signal.SIGKILL)
        _, errors = proving.communicate(timeout=60)
    told = json.loads(report.read_text())
    verdicts = [scene["verdict"] for scene in told["scenes"]]
    assert (proving.returncode, told["verdict"], told["error"]) == (2, "ERROR", "server_gone"), errors
    assert (verdicts[0], verdicts[-1], len(verdicts)) == ("PASS", "NOT_RUN", MANY_VISITS)
    assert verdicts.count("ERROR") == 1
