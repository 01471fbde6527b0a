"""Every error code has its page: what it means, the usual cause, the fix."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import funnelproof
from funnelproof.errors import Problem

PAGES = Path(__file__).parents[2] / "docs" / "errors"
PARTS = ["## What it means", "## Usual cause", "## The fix"]
FEATURES = ("errors", "web", "access", "handles")


def problems(kind: type[Problem] = Problem) -> Iterator[type[Problem]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from problems(narrower)


def codes() -> set[str]:
    for module in pkgutil.walk_packages(funnelproof.__path__, "funnelproof."):
        if module.name.split(".")[1] in FEATURES:
            importlib.import_module(module.name)
    named = {kind.code for kind in problems() if kind.__module__.split(".")[1] in FEATURES}
    return named | {"invalid_field", "unknown_field", "read_only_field"}


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_code_has_its_page_in_three_parts(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text()
    assert page.startswith(f"# `{code}`: ")
    assert [line for line in page.splitlines() if line.startswith("## ")] == PARTS


def test_every_problem_says_something_of_its_own() -> None:
    for kind in problems():
        assert (kind.__doc__ or "").strip().endswith("."), kind
