"""`funnelproof archive`: files that say the same as the rows, a manifest, refusals; on both engines."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from cast import HANDLE, make_cast
from conftest import NOW, MakeInstallation
from funnel import rows_of
from funnelproof.archive.write import Archive
from funnelproof.cli import archive as command
from funnelproof.cli.main import app
from funnelproof.clock import DAY, Micros, SetClock
from funnelproof.ids import id_at
from funnelproof.installation import Installation
from funnelproof.storage.schema import clicks, conversions


@pytest.fixture
def home(make_installation: MakeInstallation, engine_kind: str) -> Installation:
    """Five months of clicks, five days apart, some conversions; and somebody else's click."""
    home = make_installation(engine_kind)
    make_cast(home)
    times = [NOW - at * 5 * DAY for at in range(30)]
    many = [click(at, HANDLE) for at in times] + [click(NOW - 40 * DAY, "elsewhere")]
    few = [conversion(at, HANDLE) for at in times[::6]]

    def fill(tx: Any) -> None:
        tx.execute(insert(clicks), many)
        tx.execute(insert(conversions), few)

    home.database.write_now(fill)
    return home


def click(at: Micros, handle: str) -> dict[str, Any]:
    row: dict[str, Any] = {column.name: column.name for column in clicks.columns}
    own = {"handle": handle, "world": "live", "click_id": id_at("clk", at) + "7abc8abcdef012345678"}
    numbers = {"variant": 1, "epoch": 1, "phase": 1, "clicked_at": at + 7, "with_ctx": True}
    return {**row, **own, **numbers, "tags": {"utm_source": "mäil"}, "request_id": None}


def conversion(at: Micros, handle: str) -> dict[str, Any]:
    row: dict[str, Any] = {column.name: column.name for column in conversions.columns}
    own = {"handle": handle, "world": "live", "conversion_id": id_at("cnv", at) + "7abc8abcdef012345678"}
    times = {"clicked_at": at, "occurred_at": at + 1, "received_at": at + 2}
    numbers = {"variant": 1, "epoch": 1, "phase": 1, "value_minor": 4990, "in_test": True, "credited": False}
    return {**row, **own, **times, **numbers, "properties": {"size": [1, 2]}, "customer": None}


def written(home: Installation, out: Path, before: str = "2026-11") -> list[dict[str, Any]]:
    target = Archive(out, HANDLE)
    return [
        target.write(home.database, month, now=home.clock.now(), written=lambda _rows: None)
        for month in target.missing(home.database, before)
    ]


def as_stored(row: dict[str, Any]) -> dict[str, Any]:
    """What a file says of a row, in the form in which storage hands it out."""
    times = {name: round(value.timestamp() * 1_000_000) for name, value in row.items() if name.endswith("_at")}
    shaped = {name: json.loads(row[name]) for name in ("tags", "properties") if row.get(name)}
    return {**row, **times, **shaped}


def test_the_files_say_what_the_rows_say(home: Installation, tmp_path: Path) -> None:
    entries = written(home, tmp_path / "out")
    assert {entry["month"] for entry in entries} == {"2026-07", "2026-08", "2026-09", "2026-10"}
    for table in ("clicks", "conversions"):
        read = [
            as_stored(row)
            for entry in entries
            if entry["table"] == table
            for row in pq.read_table(tmp_path / "out" / entry["file"]).to_pylist()
        ]
        stored = [row for row in rows_of(home.database, table) if row["handle"] == HANDLE]
        time = "clicked_at" if table == "clicks" else "received_at"
        old = [row for row in stored if row[time] < NOW - 22 * DAY]
        assert sorted(read, key=str) == sorted(old, key=str)
        assert len(read) < len(stored)


def test_the_manifest_proves_each_file_and_a_second_call_goes_on(home: Installation, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = written(home, out, "2026-09")
    rest = written(home, out)
    assert {entry["month"] for entry in rest} == {"2026-09", "2026-10"}
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["handle"] == HANDLE
    assert sorted(manifest["files"], key=str) == sorted([*first, *rest], key=str)
    for entry in manifest["files"]:
        data = (out / entry["file"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert pq.ParquetFile(out / entry["file"]).metadata.num_rows == entry["rows"]
    assert written(home, out) == []
    (out / first[0]["file"]).unlink()
    assert [entry["file"] for entry in written(home, out)] == [first[0]["file"]]


def test_rows_are_written_in_groups(home: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("funnelproof.archive.write.ROW_GROUP", 2)
    entries = written(home, tmp_path / "out")
    largest = max(entries, key=lambda entry: int(entry["rows"]))
    assert pq.ParquetFile(tmp_path / "out" / largest["file"]).metadata.num_row_groups == -(-largest["rows"] // 2)


@pytest.fixture
def run(installation: Installation, monkeypatch: pytest.MonkeyPatch, clock: SetClock) -> Any:
    """The command on an installation that is open already."""
    from contextlib import contextmanager

    @contextmanager
    def opened(_data: object) -> Any:
        yield installation

    monkeypatch.setattr(command, "opened_existing", opened)
    make_cast(installation)

    def run(*words: object) -> Any:
        return CliRunner().invoke(app, ["archive", *map(str, words)])

    return run


def test_what_cannot_be_archived_is_refused_with_a_reason(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--handle", HANDLE, "--out", tmp_path / "out")
    assert "month like 2026-11" in str(run(*where, "--before", "November").exception)
    assert "2026-11 at the latest" in str(run(*where, "--before", "2026-12").exception)
    assert run("--handle", "nobody", "--out", tmp_path, "--before", "2026-11").exception is not None
    empty = run(*where, "--before", "2026-11", "--json")
    assert json.loads(empty.stdout) == {"handle": HANDLE, "folder": str(tmp_path / "out"), "written": []}
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(command, "find_spec", lambda _name: None)
    assert "funnelproof[parquet]" in str(run(*where, "--before", "2026-11").exception)


def test_a_folder_belongs_to_one_handle(run: Any, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"handle": "elsewhere", "files": []}))
    refused = run("--handle", HANDLE, "--out", tmp_path, "--before", "2026-11")
    assert "archive of elsewhere" in str(refused.exception)
