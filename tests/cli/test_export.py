"""`funnelproof export`: a file with its manifest beside it, and refusals that say what to do."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from funnel import TAGS, Funnel
from funnelproof.cli.main import app


@pytest.fixture
def data(funnel: Funnel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation in which three people clicked, and an empty folder to be in."""
    funnel.campaign()
    for person in (1, 2, 3):
        funnel.click(TAGS, person=person)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "data"


def export(data: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, ["export", "--data", str(data), "--handle", "gharart", "--json", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, json.loads(done.stdout)


def test_a_file_and_its_manifest_agree(data: Path) -> None:
    status, told = export(data, "--what", "clicks", "--from", "2026-11-20", "--to", "2026-11-23")
    assert (status, told["rows"], told["file"]) == (0, 3, "gharart-clicks-2026-11-20-2026-11-23.csv")
    content = Path(told["file"]).read_bytes()
    kept = json.loads(Path(f"{told['file']}.manifest.json").read_text())
    assert kept["sha256"] == told["sha256"] == hashlib.sha256(content).hexdigest()
    assert (kept["bytes"], kept["what"], kept["mode"]) == (len(content), "clicks", "live")
    assert sorted(path.name for path in Path().iterdir()) == [told["file"], f"{told['file']}.manifest.json"]


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(data: Path) -> None:
    Path("mine.csv").write_text("mine")
    with pytest.raises(Exception, match="--force"):
        export(data, "--out", "mine.csv")
    assert Path("mine.csv").read_text() == "mine"
    assert export(data, "--out", "mine.csv", "--force")[0] == 0
    assert Path("mine.csv").read_text().startswith("day,campaignId")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--campaign", "none-such"), "campaign"),
        (("--from", "2026-12-01", "--to", "2026-11-01"), "is not before"),
        (("--out", "nowhere/x.csv"), "There is no folder"),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(data: Path, words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        export(data, *words)
    assert list(Path().iterdir()) == []
