"""The pytest plugin in runs of pytest of its own: real servers, real failures, workers of xdist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.shell_of_pages import ROOT

PAGE = ROOT / "docs" / "howto" / "test-with-pytest.md"
SECONDS = 300
pytestmark = pytest.mark.timeout(SECONDS)


def run_pytest(folder: Path, *words: str, **files: str) -> subprocess.CompletedProcess[str]:
    """As a shop runs it, in a folder of its own."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS)


def test_the_examples_of_the_manual_pass_on_two_workers(tmp_path: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(examples) >= 3
    conftest, *tests = examples
    assert "def funnelproof_campaign" in conftest
    done = run_pytest(tmp_path, "-n", "2", conftest=conftest, **{f"test_{at}": own for at, own in enumerate(tests)})
    wanted = sum(own.count("def test_") for own in tests)
    assert (done.returncode, f"{wanted} passed" in done.stdout) == (0, True), done.stdout + done.stderr


SHARED = """
import os
import pytest

SEEN = []


@pytest.mark.parametrize("number", range(4))
def test_of_its_own(campaign, run, number, funnelproof_server, record_property):
    campaign.visit(variant="B").convert("purchase", 49).expect(disposition="COUNTED", mode="test", variant="b")
    run.funnel().expect(visitors=1, conversions=1, net=49)
    assert run.id not in SEEN
    SEEN.append(run.id)


def test_whole_event_matching(campaign):
    order = campaign.visit(variant="b").convert("purchase", 49)
    whole = dict(
        status=201, answer="RECORDED", conversion="new", campaign="rehearsal", variant="b", event="purchase",
        disposition="COUNTED", value="49.00", currency="USD", mode="test",
    )
    order.expect_whole(**whole)
    del whole["currency"]
    with pytest.raises(AssertionError, match=r'currency = "USD"   .seen, and nothing was expected'):
        order.expect_whole(**whole)


def test_that_fails(campaign):
    campaign.visit(variant="a").convert("purchase", 49).expect(disposition="HELD", mode="test")


def test_misspelt_variant(campaign):
    with pytest.raises(ValueError, match="rehearsal has no variant 'c'; it has a, b"):
        campaign.visit(variant="c")


def test_within_somebody_elses_loop(campaign):
    import asyncio

    async def asked():
        return campaign.visit(variant="a").seen["variant"]

    assert asyncio.run(asked()) == "a"
"""


def test_each_test_has_its_run_and_a_failure_reads_well(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, test_shared=SHARED)
    assert (done.returncode, "1 failed, 7 passed" in done.stdout) == (1, True), done.stdout + done.stderr
    assert '  - disposition = "HELD"   (expected)' in done.stdout
    assert '  + disposition = "COUNTED"   (seen)' in done.stdout
    assert re.search(r"POST /v2/public/conversions → 201, req_\w+", done.stdout)
    assert "patv1_" not in done.stdout


def test_other_peoples_tests_carry_nothing(tmp_path: Path) -> None:
    text = """
import sys

def test_of_somebody_else():
    loaded = {name.split(".")[0] for name in sys.modules}
    assert loaded.isdisjoint({"fastapi", "sqlalchemy", "httpx2", "numpy", "granian", "pydantic"})
    assert {name for name in sys.modules if name.startswith("funnelproof")} <= {
        "funnelproof", "funnelproof.pytest_plugin"}
"""
    plugins = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:anyio")
    done = run_pytest(tmp_path, *plugins, test_other=text)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--funnelproof-url", "http://127.0.0.1:9"), "needs a token with campaigns.test in FUNNEL_TOKEN"),
        (("--funnelproof-campaign", "nowhere"), "rehearsal has no campaign nowhere"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    done = run_pytest(tmp_path, *words, test_one="def test_one(campaign): pass\n")
    assert done.returncode != 0
    assert sentence in done.stdout + done.stderr
