"""Hot reads use their index on both engines: none reads all clicks, conversions, visitors, keys or counters."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from bench.fill import Filled
from funnelproof.installation import Installation
from scale.conftest import fill_settings, filled  # noqa: F401 - fixtures
from scale.reads import reads

LARGE = {
    "clicks",
    "conversions",
    "reversals",
    "ledger",
    "ledger_money",
    "conversion_keys",
    "claims",
    "day_tallies",
    "quarter_tallies",
    "phase_tallies",
}
Asked = tuple[str, Any]


def statements_of(home: Installation, read: Any) -> list[Asked]:
    """Every SELECT of a read with its parameters."""
    asked: list[Asked] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    engine = home.database.engines.reading
    event.listen(engine, "before_cursor_execute", note)
    try:
        home.database.read_now(read)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return [(statement, parameters) for statement, parameters in asked if "SELECT" in statement]


def faults_of(connection: Connection, statement: str, parameters: Any) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        yield from (line for row in plan if _reads_too_much(line := str(row[3]), statement))
        return
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).one()
    found = plan if isinstance(plan, list) else json.loads(plan)
    yield from _whole_tables(found[0]["Plan"])


def _reads_too_much(line: str, statement: str) -> bool:
    """A scan of a large table; or its key down to the world alone, where a narrower question was asked.

    All that counted is no narrower question: it is nearly all there is.
    """
    verb, _, rest = line.partition(" ")
    table = rest.partition(" ")[0]
    if table not in LARGE:
        return False
    narrow = ("campaign_id = ", "disposition <> 'COUNTED'", "status = ", "conversion_id IN", "conversion_id = ")
    is_narrow = any(condition in statement for condition in narrow)
    reads_the_world = line.endswith("USING PRIMARY KEY (handle=? AND world=?)")
    return verb == "SCAN" or (reads_the_world and (is_narrow or "LIMIT" not in statement) and "max(" not in statement)


def _whole_tables(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
        yield f"Seq Scan on {node['Relation Name']}"
    for below in node.get("Plans", ()):
        yield from _whole_tables(below)


@pytest.mark.usefixtures("filled")
def test_hot_reads_use_their_index(filled: tuple[Filled, Installation]) -> None:  # noqa: F811
    _, home = filled
    slow: dict[str, list[str]] = {}
    asked = {name: statements_of(home, read) for name, read in reads(home.clock.now()).items()}
    with home.database.engines.reading.connect() as connection:
        if connection.dialect.name == "postgresql":
            # Tables of a few thousand rows are read whole for good reasons; asked not to, the planner shows its index.
            connection.execute(text("SET enable_seqscan = off"))
        for name, statements in asked.items():
            faults = [
                f"{fault}: {statement}"
                for statement, parameters in statements
                for fault in faults_of(connection, statement, parameters)
            ]
            slow |= {name: faults} if faults else {}
    assert slow == {}
    assert sum(map(len, asked.values())) > 100
