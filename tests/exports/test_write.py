"""What the files say, on both engines: the rows of one moment, in three forms, and the manifest of each file."""

import csv
import hashlib
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert

from cast import HANDLE, OTHER_HANDLE, Client, make_cast
from conftest import NOW, MakeInstallation
from funnel import CAMPAIGN, TAGS, Funnel, rows_of
from funnelproof.app import Application
from funnelproof.clock import DAY, SetClock, iso
from funnelproof.errors import Problem
from funnelproof.exports import write as writing
from funnelproof.exports.ask import ask
from funnelproof.exports.export import Format, Manifest, NoRoom, What
from funnelproof.exports.read import GROUP, count
from funnelproof.exports.text import guarded
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.storage.schema import clicks


@pytest.fixture
def home(make_installation: MakeInstallation, engine_kind: str) -> Installation:
    """Five people click, two buy, one of them twice; and a test run. Somebody else's handle has a click as well."""
    home = make_installation(engine_kind)
    cast = make_cast(home)
    with Client(Application(home)) as client:
        funnel = Funnel(client, cast)
        funnel.campaign()
        for person in range(1, 6):
            ctx = funnel.click(TAGS, person=person).ctx
            if person < 3:
                funnel.convert(ctx, f"order-{person}", value="10.00")
        funnel.convert(ctx, "=HYPERLINK(1)", value="5", currency="EUR", properties={"size": "Ü"})
        path = f"{funnel.base}/campaigns/{CAMPAIGN}/test-conversion"
        assert client.post(path, {}, by=cast.owner).status_code == 201
    (row, *_) = rows_of(home.database, "clicks")
    home.database.write_now(lambda tx: tx.execute(insert(clicks).values(**{**row, "handle": OTHER_HANDLE})))
    return home


def exported(home: Installation, path: Path, what: What, format_: Format = Format.CSV, **more: Any) -> Manifest:
    asked = home.database.read_now(lambda tx: question(tx, home, what, format_, **more))
    return writing.write(home.database, asked, path)


def question(tx: Any, home: Installation, what: What, format_: Format = Format.CSV, **more: Any) -> Any:
    usual = {"campaign_id": None, "from_": None, "to": None, "test": False, "run": None}
    return ask(tx, HANDLE, what=what, format_=format_, now=home.clock.now(), **{**usual, **more})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


def test_clicks_are_those_of_the_handle_in_its_live_world(home: Installation, tmp_path: Path) -> None:
    made = exported(home, tmp_path / "out", What.CLICKS, Format.NDJSON)
    stored = [row for row in rows_of(home.database, "clicks") if (row["handle"], row["world"]) == (HANDLE, "live")]
    told = lines(tmp_path / "out")
    assert made.rows == len(stored) == 5
    assert [row["clickId"] for row in told] == sorted(row["click_id"] for row in stored)
    assert {row["utmSource"] for row in told} == {"mail"}
    assert {row["variantId"] for row in told} <= {"a", "b"}
    assert {row["clickedAt"] for row in told} == {iso(NOW)}


def test_the_manifest_fits_the_file(home: Installation, tmp_path: Path) -> None:
    for format_ in Format:
        made = exported(home, tmp_path / format_, What.CONVERSIONS, format_)
        content = (tmp_path / format_).read_bytes()
        assert made.sha256 == hashlib.sha256(content).hexdigest()
        assert (made.bytes, made.rows) == (len(content), 3)


def test_three_forms_say_the_same(home: Installation, tmp_path: Path) -> None:
    for format_ in Format:
        exported(home, tmp_path / format_, What.CONVERSIONS, format_)
    by_line, by_cell = lines(tmp_path / "ndjson"), table(tmp_path / "csv")
    columns = pq.read_table(tmp_path / "parquet").to_pylist()
    assert [row["conversionId"] for row in by_line] == [row["conversionId"] for row in by_cell]
    assert [row["value"] for row in by_line] == ["10.00", "10.00", "5.00"] == [row["value"] for row in by_cell]
    assert [row["value"] for row in columns] == [Decimal("10.00"), Decimal("10.00"), Decimal("5.00")]
    assert [list(row) for row in (by_line[0], by_cell[0], columns[0])] == [list(by_line[0])] * 3
    assert [iso(int(row["receivedAt"].timestamp() * 1_000_000)) for row in columns] == [
        row["receivedAt"] for row in by_line
    ]


def test_a_spreadsheet_finds_no_formula_and_the_others_the_text_as_it_came(home: Installation, tmp_path: Path) -> None:
    exported(home, tmp_path / "csv", What.CONVERSIONS)
    exported(home, tmp_path / "ndjson", What.CONVERSIONS, Format.NDJSON)
    assert [row["idempotencyKey"] for row in table(tmp_path / "csv")][-1] == "'=HYPERLINK(1)"
    last = lines(tmp_path / "ndjson")[-1]
    assert (last["idempotencyKey"], last["properties"]) == ("=HYPERLINK(1)", {"size": "Ü"})


@pytest.mark.parametrize("text", ["=1+1", "+49", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_what_begins_like_a_formula_is_guarded(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "order-1", "1=1", "'tis", "ä"])
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


def test_tallies_add_up_to_what_analytics_shows(home: Installation, tmp_path: Path) -> None:
    exported(home, tmp_path / "out", What.TALLIES, Format.NDJSON)
    rows = lines(tmp_path / "out")
    of_all = [row for row in rows if row["dimension"] == "all"]
    assert sum(row["clicks"] for row in of_all) == 5
    assert {row["currency"]: row["net"] for row in of_all if row["currency"]} == {"USD": "20.00", "EUR": "5.00"}
    assert {row["key"] for row in rows if row["dimension"] == "variant"} <= {"a", "b"}
    assert sum(row["clicks"] for row in rows if row["dimension"] == "variant") == 5


def test_the_rows_of_test_runs_are_exported_apart(home: Installation, tmp_path: Path) -> None:
    made = exported(home, tmp_path / "out", What.CONVERSIONS, Format.NDJSON, test=True)
    runs = {row["runId"] for row in lines(tmp_path / "out")}
    assert made.rows == 2
    assert len(runs) == 1
    assert exported(home, tmp_path / "one", What.CONVERSIONS, test=True, run=runs.pop()).rows == 2
    with pytest.raises(Problem, match="no test run"):
        exported(home, tmp_path / "none", What.CONVERSIONS, run="live")


def test_a_stretch_of_time_and_a_campaign_narrow_it(home: Installation, tmp_path: Path) -> None:
    def rows(**more: Any) -> int:
        return exported(home, tmp_path / "out", What.CLICKS, **more).rows

    today, tomorrow = iso(NOW)[:10], iso(NOW + DAY)[:10]
    assert rows(from_=today, to=today) == 5
    assert rows(from_=tomorrow, to=tomorrow) == 0
    assert rows(from_=iso(NOW), to=iso(NOW + 1)) == 5
    assert rows(from_=iso(NOW - DAY), to=iso(NOW)) == 0
    assert rows(campaign_id=CAMPAIGN) == rows(from_="2016-01-01") == 5
    with pytest.raises(Problem, match="campaign"):
        rows(campaign_id="none-such")
    with pytest.raises(Problem, match="is not before"):
        rows(from_=tomorrow, to=today)


def test_many_rows_come_in_groups_each_once_and_are_counted_before(
    home: Installation, tmp_path: Path, clock: SetClock
) -> None:
    """More than two groups, of one click each copied under ids of its own."""
    (row, *_) = [row for row in rows_of(home.database, "clicks") if row["world"] == "live"]
    copies = [{**row, "handle": HANDLE, "click_id": new_id("clk")} for _ in range(2 * GROUP + 1)]
    home.database.write_now(lambda tx: tx.execute(insert(clicks), copies))
    heard: list[int] = []
    asked = home.database.read_now(lambda tx: question(tx, home, What.CLICKS))
    made = writing.write(home.database, asked, tmp_path / "out", heard.append)
    assert heard == [GROUP, GROUP, 6]
    assert len({row["clickId"] for row in table(tmp_path / "out")}) == made.rows == 2 * GROUP + 6
    assert home.database.read_now(lambda tx: count(tx, asked)) == made.rows


def test_an_export_of_nothing_is_a_whole_file(home: Installation, tmp_path: Path) -> None:
    for format_ in Format:
        assert exported(home, tmp_path / format_, What.CLICKS, format_, from_="2020-01-01", to="2020-01-02").rows == 0
    assert len((tmp_path / "csv").read_text().splitlines()) == 1
    assert (tmp_path / "ndjson").read_bytes() == b""
    assert pq.read_table(tmp_path / "parquet").num_rows == 0


def test_it_stops_before_the_disk_is_full(home: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "KEPT_FREE", 1 << 62)
    with pytest.raises(NoRoom):
        exported(home, tmp_path / "out", What.CLICKS)
