"""Every check has its page, and the page for marketers tells the weights that are used."""

import re
from pathlib import Path

import pytest

from funnelproof.health.check import HIGHEST_SCORE_WITH_A_FAIL, SEVERITIES, WEIGHTS

DOCS = Path(__file__).parents[2] / "docs"
PARTS = ["## What it looks at", "## What each status means", "## The remedy"]


@pytest.mark.parametrize("id_", SEVERITIES)
def test_every_check_has_its_page(id_: str) -> None:
    page = (DOCS / "checks" / f"{id_}.md").read_text()
    assert page.startswith(f"# `{id_}`: ")
    assert [line for line in page.splitlines() if line.startswith("## ")] == PARTS


def test_no_page_is_about_a_check_that_is_not() -> None:
    assert {page.stem for page in (DOCS / "checks").glob("*.md")} == set(SEVERITIES)


def test_the_docs_tell_severities_weights_and_cap() -> None:
    text = (DOCS / "health.md").read_text()
    rows = re.findall(r"^\| (CRITICAL|MAJOR|MINOR) \| (\d+) \| (.*) \|$", text, re.MULTILINE)
    told = {id_: (severity, int(weight)) for severity, weight, ids in rows for id_ in re.findall(r"`(\w+)`", ids)}
    assert told == {id_: (severity.value, WEIGHTS[severity]) for id_, severity in SEVERITIES.items()}
    assert f"the score is {HIGHEST_SCORE_WITH_A_FAIL} at the most" in text


def test_the_list_of_checks_is_whole_and_in_order() -> None:
    text = (DOCS / "health.md").read_text()
    assert re.findall(r"\]\(checks/(\w+)\.md\)", text) == list(SEVERITIES)
