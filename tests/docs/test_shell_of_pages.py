"""What the manual shows is what happens: its shell runs against a real server, and prints what it says."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.conftest import data, initialised
from docs.shell_of_pages import ROOT, blocks_of, matches, run

README = (ROOT / "README.md").read_text()
MOVING = (ROOT / "docs" / "howto" / "moving-to-postgresql.md").read_text()
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
__all__ = ["data", "initialised"]
AFTER_README = (
    "conventions.md",
    "worlds.md",
    "howto/invalid-ctx.md",
    "howto/reused-key.md",
    "howto/refunds.md",
    "howto/missing-tags.md",
    "howto/preview-a-variant.md",
    "howto/end-a-test.md",
    "howto/publish-a-page.md",
    "howto/the-sdk.md",
    "howto/backup.md",
    "howto/exports.md",
)
STOP = '```sh\nkill "$SERVER"'


def with_pages_that_go_on_from_it(readme: str, names: tuple[str, ...] = AFTER_README) -> str:
    """The README's own shell, that of the pages which use its variables, and the end of the server."""
    before, stop, after = readme.partition(STOP)
    more = [(ROOT / "docs" / name).read_text() for name in names]
    return "\n".join([before, *more, stop + after])


def check(page: str, data: Path, *, again: bool = False) -> None:
    wrong = []
    for block, printed in run(page, data=data):
        expected = block.expected(again=again) or ""
        if not matches(expected, printed):
            wrong.append(f"$ {block.code}\n--- the page shows\n{expected}\n--- it printed\n{printed}")
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.timeout(900)
def test_the_readme_and_the_pages_that_go_on_from_it_print_what_they_show_the_readme_twice(tmp_path: Path) -> None:
    check(README, tmp_path / "data")
    check(with_pages_that_go_on_from_it(README), tmp_path / "data", again=True)


@pytest.mark.timeout(900)
def test_the_tutorial_of_plans_goes_on_from_the_readme_and_prints_what_it_shows(tmp_path: Path) -> None:
    check(with_pages_that_go_on_from_it(README, ("proving.md",)), tmp_path / "data")


def test_the_tutorial_prints_what_it_shows(tmp_path: Path) -> None:
    check(TUTORIAL, tmp_path / "data")


def test_moving_to_postgresql_prints_what_it_shows(data: Path, postgres_server: Any) -> None:
    address = postgres_server.get_uri("moved")
    with psycopg.connect(postgres_server.get_uri("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE moved")
    check(re.sub(r"(?m)^DATABASE=.*$", f"DATABASE='{address}'", MOVING), data)


def test_every_block_but_definitions_shows_its_output() -> None:
    silent = ("PATH=", "call()", "kill ")
    pages = with_pages_that_go_on_from_it(README, (*AFTER_README, "proving.md"))
    for page in (pages, TUTORIAL, MOVING):
        assert [block.code for block in blocks_of(page) if not block.shown and not block.code.startswith(silent)] == []


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("200\nstatus: ACTIVE", "200\nstatus: ACTIVE\n", True),
        ("200\nstatus: ACTIVE", "409\nstatus: ACTIVE\n", False),
        ("a … z", "a b c z", True),
        ("a … z", "a b c", False),
        ("cnv_" + "0" * 32, "cnv_" + "1" * 32, True),
        ("cnv_" + "0" * 32, "run_" + "1" * 32, False),
        ("2026-11-23T09:00:00Z", "2027-01-02T03:04:05.678901Z", True),
    ],
)
def test_outputs_are_compared_but_for_what_must_differ(shown: str, printed: str, *, same: bool) -> None:
    assert matches(shown, printed) is same
