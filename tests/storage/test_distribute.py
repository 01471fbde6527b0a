"""`db distribute`: where each table goes, and that it may: Citus itself is not at hand, its rules are.

`citus_rules.sql` stands in for the extension: it refuses what Citus refuses (a unique index or a foreign key without
the distribution column, a reference table that refers to a distributed one, an order in which that cannot be).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint

from funnelproof.storage.database import Engines
from funnelproof.storage.distribute import NotDistributable, distribute
from funnelproof.storage.schema import metadata
from funnelproof.storage.schema.placement import PLACEMENTS, Placement

RULES = Path(__file__).with_name("citus_rules.sql")
CONTROL = "comment = 'stand-in'\ndefault_version = '{version}'\nrelocatable = true\n"
TABLES = metadata.sorted_tables
BY_HANDLE = [table for table in TABLES if PLACEMENTS.get(table.name) is Placement.BY_HANDLE]
NewEngines = Callable[[str], Engines]


@pytest.fixture
def open_engines(make_engines: NewEngines) -> Iterator[NewEngines]:
    made: list[Engines] = []

    def make(kind: str) -> Engines:
        made.append(make_engines(kind))
        return made[-1]

    yield make
    for engines in made:
        engines.close()


@pytest.fixture
def make_available() -> Iterator[Callable[..., str]]:
    """Make a folder of extensions that has one called citus; answer the setting by which PostgreSQL looks there."""
    with TemporaryDirectory(prefix="fp") as folder:

        def make(version: str = "13.0-1") -> str:
            extensions = Path(folder) / "extension"
            extensions.mkdir()
            (extensions / "citus.control").write_text(CONTROL.format(version=version))
            (extensions / f"citus--{version}.sql").write_text(RULES.read_text())
            # The server may run as another user.
            Path(folder).chmod(0o755)
            return f"SET extension_control_path = '{folder}:$system'"

        yield make


@pytest.fixture
def cluster(open_engines: NewEngines, make_available: Callable[..., str]) -> Engines:
    engines = open_engines("postgresql")
    with engines.writing.begin() as connection:
        connection.exec_driver_sql(make_available())
        connection.exec_driver_sql("CREATE EXTENSION citus")
    return engines


def asked(engines: Engines) -> dict[str, tuple[str, str | None, str | None, int | None]]:
    with engines.reading.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT name::text, kind, by_column, beside, shards FROM citus_asked ORDER BY asked"
        )
        return {row[0]: tuple(row[1:]) for row in rows}


def test_every_table_has_one_place() -> None:
    assert sorted(PLACEMENTS) == sorted(table.name for table in TABLES)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_cut_by_handle_exactly_if_it_has_one_apart_from_the_change_counters(table: Table) -> None:
    by_handle = PLACEMENTS[table.name] is Placement.BY_HANDLE
    assert by_handle == ("handle" in table.columns and table.name != "changes")


@pytest.mark.parametrize("table", BY_HANDLE, ids=lambda table: table.name)
def test_keys_and_unique_indexes_hold_the_handle(table: Table) -> None:
    keys = [table.primary_key.columns]
    keys += [rule.columns for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    keys += [index.columns for index in table.indexes if index.unique]  # type: ignore[misc]
    assert all("handle" in key for key in keys)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_foreign_keys_stay_on_one_machine(table: Table) -> None:
    for rule in table.constraints:
        if isinstance(rule, ForeignKeyConstraint):
            pairs = {(own.parent.name, own.column.name) for own in rule.elements}
            target = PLACEMENTS[rule.referred_table.name]
            beside = PLACEMENTS[table.name] is target is Placement.BY_HANDLE and ("handle", "handle") in pairs
            assert target is Placement.EVERYWHERE or beside, rule.name


def test_all_tables_are_laid_out_in_an_order_that_citus_takes(cluster: Engines) -> None:
    plan = distribute(cluster, shards=48, dry_run=False)
    found = asked(cluster)
    assert found["handles"] == ("distributed", "handle", "none", 48)
    assert found["clicks"] == ("distributed", "handle", "handles", None)
    assert found["users"] == ("reference", None, None, None)
    assert sorted(found) == sorted(name for name, at in PLACEMENTS.items() if at is not Placement.COORDINATOR)
    assert len(plan.statements) == len(found) + 1


def test_what_is_distributed_already_is_left_alone_and_a_new_table_joins_it(cluster: Engines) -> None:
    distribute(cluster, shards=32, dry_run=False)
    assert distribute(cluster, shards=32, dry_run=False).statements == ()
    with cluster.writing.begin() as connection:
        connection.exec_driver_sql("DELETE FROM citus_asked WHERE name = 'looks'::regclass")
    later = distribute(cluster, shards=99, dry_run=False)
    assert later.statements[1:] == ("SELECT create_distributed_table('looks', 'handle', colocate_with => 'handles')",)
    assert distribute(cluster, shards=32, dry_run=False).statements == ()


def test_a_dry_run_changes_nothing(cluster: Engines) -> None:
    plan = distribute(cluster, shards=32, dry_run=True)
    assert "SELECT create_reference_table('sessions')" in plan.statements
    assert asked(cluster) == {}


def test_a_table_that_was_cut_otherwise_is_not_touched(cluster: Engines) -> None:
    with cluster.writing.begin() as connection:
        connection.exec_driver_sql("SELECT create_reference_table('looks')")
    with pytest.raises(NotDistributable, match=r"looks: .*undistribute_table") as refusal:
        distribute(cluster, shards=32, dry_run=False)
    assert refusal.value.code == "placed_otherwise"
    assert list(asked(cluster)) == ["looks"]


def test_what_citus_refuses_leaves_nothing_behind(cluster: Engines) -> None:
    with cluster.writing.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX across ON receipts (run_id, variant)")
    with pytest.raises(NotDistributable, match=r"'receipts'.*the unique index across") as refusal:
        distribute(cluster, shards=32, dry_run=False)
    assert refusal.value.code == "citus_refused"
    assert asked(cluster) == {}


def test_without_citus_it_is_told_what_to_install(open_engines: NewEngines) -> None:
    with pytest.raises(NotDistributable, match="shared_preload_libraries") as refusal:
        distribute(open_engines("postgresql"), shards=32, dry_run=True)
    assert refusal.value.code == "citus_missing"


def test_where_citus_is_installed_but_not_created_it_is_told_so(
    open_engines: NewEngines, make_available: Callable[..., str]
) -> None:
    engines = open_engines("postgresql")
    name = engines.writing.url.database
    with engines.writing.begin() as connection:
        setting = make_available().replace("SET ", f"ALTER DATABASE {name} SET ")
        connection.exec_driver_sql(setting)
    engines.writing.dispose()
    with pytest.raises(NotDistributable, match="CREATE EXTENSION citus; then"):
        distribute(engines, shards=32, dry_run=True)


def test_an_old_citus_is_refused(open_engines: NewEngines, make_available: Callable[..., str]) -> None:
    engines = open_engines("postgresql")
    with engines.writing.begin() as connection:
        connection.exec_driver_sql(make_available("9.4-1"))
        connection.exec_driver_sql("CREATE EXTENSION citus")
    with pytest.raises(NotDistributable, match="too old"):
        distribute(engines, shards=32, dry_run=True)


def test_sqlite_is_refused(open_engines: NewEngines) -> None:
    with pytest.raises(NotDistributable, match="FUNNELPROOF_DATABASE_URL"):
        distribute(open_engines("sqlite"), shards=32, dry_run=True)
