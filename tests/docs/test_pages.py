"""The manual is whole: its links hold, and every code, setting, command and job has its place."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import funnelproof
from docs.shell_of_pages import ROOT
from funnelproof.campaigns.variants import bucket_of, shares_of
from funnelproof.cli.main import app as commands
from funnelproof.errors import Problem
from funnelproof.links.ctx import HEAD, RUN, TAG_BYTES, Reason
from funnelproof.settings import Settings, variable

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
PARTS = ["## What it means", "## Usual cause", "## The fix"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
OF_THE_SERVER = {"/docs/api", "/openapi.json"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(funnelproof.__path__, "funnelproof."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            yield module.name


def problems(kind: type[Problem] = Problem) -> Iterator[type[Problem]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from problems(narrower)


def codes() -> list[str]:
    for name in modules():
        importlib.import_module(name)
    ours = {kind.code for kind in problems() if kind.__module__.startswith("funnelproof.")}
    return sorted(ours | {"invalid_field", "unknown_field", "read_only_field"})


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_to_a_file_of_ours(page: Path) -> None:
    targets = LINK.findall(FENCED.sub("", page.read_text()))
    broken = [target for target in targets if not resolves(page, target)]
    assert broken == []


def resolves(page: Path, target: str) -> bool:
    if target.startswith("#"):
        return True
    if target.startswith("/"):
        return target in OF_THE_SERVER
    return (page.parent / target.partition("#")[0]).exists()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_pages_of_the_manual_are_named_as_the_server_asks(page: Path) -> None:
    if DOCS not in page.parents:
        return
    names = page.relative_to(DOCS).with_suffix("").parts
    assert len(names) <= 2
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name) for name in names)
    assert page.read_text().startswith("# ")


@pytest.mark.parametrize("code", codes())
def test_every_problem_has_its_page_in_three_parts(code: str) -> None:
    page = (DOCS / "errors" / f"{code}.md").read_text()
    assert page.startswith(f"# `{code}`: ")
    assert [line for line in page.splitlines() if line.startswith("## ")] == PARTS


def error_pages() -> list[Path]:
    return sorted(page for page in (DOCS / "errors").glob("*.md") if page.stem != "index")


@pytest.mark.parametrize("page", error_pages(), ids=named)
def test_every_page_of_an_error_has_the_three_parts(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert lines[0].startswith(f"# `{page.stem}`: ")
    assert [line for line in lines if line.startswith("## ")] == PARTS


def test_the_list_of_errors_is_that_of_the_folder() -> None:
    rows = re.findall(r"^\| \[`(\w+)`\]\((.+)\) \| (.+) \|$", (DOCS / "errors" / "index.md").read_text(), re.MULTILINE)
    titles = [page.read_text().splitlines()[0].partition(": ")[2] for page in error_pages()]
    assert rows == [(page.stem, page.name, title) for page, title in zip(error_pages(), titles, strict=True)]


NOT_THERE = ("/v2/admin",)


@pytest.mark.parametrize("page", error_pages(), ids=named)
def test_no_page_of_an_error_sends_people_to_what_is_not_there(page: Path) -> None:
    assert [word for word in NOT_THERE if word in page.read_text()] == []


def test_no_problem_sends_people_to_what_is_not_there() -> None:
    codes()
    sentences = [" ".join((kind.__doc__ or "").split()) for kind in problems()]
    assert [sentence for sentence in sentences if any(word in sentence for word in NOT_THERE)] == []


def test_the_table_of_settings_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `(FUNNELPROOF_\w+)` \| (.+?) \| (.+) \|$", (DOCS / "settings.md").read_text(), re.MULTILINE)
    ours = [(name, default, sentence) for name, default, sentence in rows]
    assert ours == [
        (variable(name), shown(field.default), field.description) for name, field in Settings.model_fields.items()
    ]


def shown(default: object) -> str:
    if default is None or default == []:
        return "unset"
    return f"`{int(default) if isinstance(default, bool) else default}`"


def test_every_command_and_option_is_in_the_manual() -> None:
    page = (DOCS / "cli.md").read_text()
    for words, command in leaves(get_command(commands), ("funnelproof",)):
        name = " ".join(words)
        assert f"| `{name}` |" in page, name
        assert f"\n## `{name}`\n" in page, name
        for option in command.params:
            assert option.opts[-1] in page, f"{name} {option.opts[-1]}"


def leaves(command: object, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
        return
    for name, narrower in below.items():
        yield from leaves(narrower, (*words, name))


def test_every_job_and_metric_is_in_the_manual() -> None:
    page = (DOCS / "operating.md").read_text()
    source = (ROOT / "src" / "funnelproof" / "timed.py").read_text()
    jobs = re.findall(r'Job\("(\w+)"', source)
    assert jobs
    assert [job for job in jobs if f"| `{job}` |" not in page] == []


def test_every_scope_is_in_the_manual() -> None:
    from funnelproof.access.roles import SCOPES

    page = (DOCS / "conventions.md").read_text()
    assert [scope for scope in SCOPES if f"`{scope}`" not in page] == []


@pytest.mark.parametrize("page", ["ctx.md", "errors/invalid_ctx.md", "howto/invalid-ctx.md"])
def test_every_reason_for_refusing_a_ctx_is_explained(page: str) -> None:
    text = (DOCS / page).read_text()
    assert [reason for reason in Reason if f"`{reason}`" not in text] == []


def test_the_layout_of_the_ctx_adds_up() -> None:
    widths = [int(row[0]) for row in rows_of("ctx.md", 2) if row[0].isdigit()]
    head, rest = HEAD.size, [RUN.size, 3, TAG_BYTES]
    assert (sum(widths[:-3]), widths[-3:]) == (head, rest)


def rows_of(page: str, width: int) -> list[list[str]]:
    lines = [line for line in (DOCS / page).read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if len(row) == width]


def test_the_vectors_of_the_assignment_are_true() -> None:
    rows = [row for row in rows_of("assignment.md", 3) if row[2].isdigit()]
    assert len(rows) >= 5
    assert [bucket_of(campaign, visitor) for campaign, visitor, _ in rows] == [int(bucket) for *_, bucket in rows]


def test_the_ranges_of_the_assignment_are_true() -> None:
    rows = [row for row in rows_of("assignment.md", 4) if row[1].isdigit()]
    assert len(rows) >= 4
    for weights, ramp, owned, opened in rows:
        shares = shares_of([(at, int(weight)) for at, weight in enumerate(weights.split(", "), 1)], int(ramp))
        assert owned == ", ".join(f"{share.start}–{share.end}" for share in shares)
        assert opened == ", ".join(f"{share.start}–{share.open_end}" for share in shares)
