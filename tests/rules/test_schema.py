"""House rules of storage: migrations make the schema, tenants come first in every key, one table has one writer."""

import ast
import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

import funnelproof
from funnelproof.storage.database import Database
from funnelproof.storage.partitions import is_partition
from funnelproof.storage.schema import metadata

SOURCE = Path(funnelproof.__file__).parent
PLATFORM_TABLES = {
    "users",
    "sessions",
    "ring_keys",
    "day_salts",
    "leases",
    "support_reports",
    "escalations",
    "content_reports",
}
READS_ACROSS_HANDLES = {
    "ix_memberships_user_id": "a person's handles, at sign-in",
    "ix_walks_made_at": "walks of all handles that have not come back",
    "ix_audit_lines_unchained": "new lines of all handles",
    "ix_deliveries_made_at": "what is older than 30 days, of all handles",
    "ix_alert_notes_due_at": "what is to be told to people, of all handles",
    "ix_probes_probed_at": "what is older than 30 days, of all handles",
    "ix_access_tokens_token_id": "a token whose path names no handle",
}
MANY_WRITERS = {
    "proofs/forget.py": "deletes a run's world whole, in every table",
    "privacy/seal.py": "deletes the rows of days that it has sealed",
    "privacy/quarters.py": "deletes old counters of quarter hours",
}


def test_the_migrations_make_exactly_the_schema(database: Database) -> None:
    with database.engines.writing.connect() as connection:
        declared = {"include_name": lambda name, kind, _parents: kind != "table" or not is_partition(name)}
        assert compare_metadata(MigrationContext.configure(connection, opts=declared), metadata) == []


def test_on_sqlite_every_table_is_strict_and_as_declared(database: Database, engine_kind: str) -> None:
    if engine_kind != "sqlite":
        pytest.skip("a rule of SQLite")
    with database.engines.writing.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        made: dict[str, str] = {row[0]: row[1] for row in rows}
    for table in metadata.sorted_tables:
        declared = str(CreateTable(table).compile(dialect=sqlite.dialect()))
        assert "STRICT" in made[table.name], table.name
        assert ("WITHOUT ROWID" in made[table.name]) == ("WITHOUT ROWID" in declared), table.name


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_handle_comes_first_in_each_key_and_unique_index_of_a_tenants_table(table: object) -> None:
    name = table.name  # type: ignore[attr-defined]
    if name in PLATFORM_TABLES:
        return
    keys = [list(table.primary_key)]  # type: ignore[attr-defined]
    keys += [list(rule.columns) for rule in table.constraints if isinstance(rule, UniqueConstraint)]  # type: ignore[attr-defined]
    keys += [list(index.columns) for index in table.indexes if _must_begin_with_handle(index)]  # type: ignore[attr-defined]
    assert all(key[0].name == "handle" for key in keys), name


def _must_begin_with_handle(index: Index) -> bool:
    return bool(index.unique) or index.name not in READS_ACROSS_HANDLES


def test_one_table_has_one_writer() -> None:
    writers: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        place = path.relative_to(SOURCE).as_posix()
        if place.startswith("storage/") or place in MANY_WRITERS:
            continue
        for table in _tables_written(path.read_text()):
            writers.setdefault(table, set()).add(place)
    crowded = {table: sorted(places) for table, places in writers.items() if len(places) > 1}
    assert crowded == {}


def _tables_written(text: str) -> set[str]:
    """Names of tables that stand in insert(…), update(…), delete(…) or one of our own writing statements."""
    names = {table.name for table in metadata.sorted_tables}
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _called(node) in {
            "insert",
            "update",
            "delete",
            "insert_new",
            "add_up",
            "add_up_returning",
        }:
            found |= {arg.id for arg in node.args if isinstance(arg, ast.Name) and arg.id in names}
    return found


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def test_no_file_and_no_function_outgrows_the_house() -> None:
    long_files = {
        path.relative_to(SOURCE).as_posix(): len(path.read_text().splitlines())
        for path in SOURCE.rglob("*.py")
        if "migrations" not in path.parts and len(path.read_text().splitlines()) > 300
    }
    assert long_files == {}
    long_functions = [
        f"{path.relative_to(SOURCE)}:{node.name} {node.end_lineno - node.lineno + 1}"
        for path in SOURCE.rglob("*.py")
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= 60
    ]
    assert long_functions == []


def test_no_stub_is_left_in_the_source() -> None:
    unfinished = re.compile(r"NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b")
    assert [str(path) for path in SOURCE.rglob("*.py") if unfinished.search(path.read_text())] == []
