"""Lays the tables over the machines of a Citus cluster, as `schema/placement.py` says; refused where there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from funnelproof.storage.database import Engines
from funnelproof.storage.schema import metadata
from funnelproof.storage.schema.placement import DISTRIBUTION_COLUMN, FIRST, PLACEMENTS, Placement

OLDEST_CITUS = 11
SEQUENTIAL = "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'"
STATE = "SELECT table_name::text, citus_table_type::text, distribution_column::text FROM citus_tables"
BY_TYPE = {"distributed": Placement.BY_HANDLE, "reference": Placement.EVERYWHERE, "local": Placement.COORDINATOR}


class NotDistributable(Exception):  # noqa: N818 - shown to the operator as it is
    """Why this database cannot be spread over machines, and what to do. `code` is for scripts."""

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


class Found(NamedTuple):
    """Where a table lives now, and the column it is cut by."""

    placement: Placement | None
    column: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """`statements` in their order; none if every table is where it belongs."""

    statements: tuple[str, ...]
    placed: Mapping[str, Placement]


def distribute(engines: Engines, *, shards: int, dry_run: bool) -> Plan:
    """Lay every table where it belongs, all in one transaction. With `dry_run` only tell what would be done."""
    if engines.writing.dialect.name != "postgresql":
        raise NotDistributable(
            "not_postgresql",
            "SQLite lives on one machine. Set FUNNELPROOF_DATABASE_URL to the coordinator of a Citus cluster.",
        )
    with engines.writing.begin() as connection:
        check(connection)
        plan = plan_for(state(connection), shards)
        for statement in () if dry_run else plan.statements:
            _run(connection, statement)
    return plan


def _run(connection: Connection, statement: str) -> None:
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        raise NotDistributable(
            "citus_refused", f"Citus refused {statement}: {reason}. Nothing was changed; docs/scaling.md may help."
        ) from error


def check(connection: Connection) -> None:
    """Refuse what is no Citus cluster."""
    version = connection.exec_driver_sql("SELECT extversion FROM pg_extension WHERE extname = 'citus'").scalar()
    if version is None:
        raise NotDistributable("citus_missing", _how_to_get_it(connection))
    if int(str(version).partition(".")[0]) < OLDEST_CITUS:
        raise NotDistributable("citus_too_old", f"Citus {version} is too old: {OLDEST_CITUS} or later is needed.")


def _how_to_get_it(connection: Connection) -> str:
    available = "SELECT 1 FROM pg_available_extensions WHERE name = 'citus'"
    if connection.exec_driver_sql(available).scalar() is not None:
        return (
            "Citus is installed on this PostgreSQL, but not in this database. On the coordinator and on each worker: "
            "CREATE EXTENSION citus; then on the coordinator: SELECT citus_add_node('WORKER', 5432) for each worker."
        )
    return (
        "This PostgreSQL has no Citus. Install the package of Citus for its version on each machine, put "
        "shared_preload_libraries = 'citus' into postgresql.conf, restart, then CREATE EXTENSION citus."
    )


def state(connection: Connection) -> dict[str, Found]:
    """Tables that Citus knows of, by name without schema."""
    rows = connection.exec_driver_sql(STATE)
    return {name.rpartition(".")[2]: Found(BY_TYPE.get(kind), column) for name, kind, column in rows}


def plan_for(present: Mapping[str, Found], shards: int) -> Plan:
    """What is still to be done. A table that lies elsewhere than it should is a person's business."""
    wrong = [name for name in _in_order() if name in present and not _is_right(name, present[name])]
    if wrong:
        raise NotDistributable(
            "placed_otherwise",
            f"{', '.join(wrong)}: distributed already, and otherwise than Funnelproof needs it. "
            "SELECT undistribute_table('NAME') for each, then run this again.",
        )
    missing = [name for name in _in_order() if name not in present and PLACEMENTS[name] is not Placement.COORDINATOR]
    statements = tuple(statement_for(name, shards) for name in missing)
    return Plan((SEQUENTIAL, *statements) if statements else (), PLACEMENTS)


def statement_for(name: str, shards: int) -> str:
    if PLACEMENTS[name] is Placement.EVERYWHERE:
        return f"SELECT create_reference_table('{name}')"
    how = f"shard_count => {shards}, colocate_with => 'none'" if name == FIRST else f"colocate_with => '{FIRST}'"
    return f"SELECT create_distributed_table('{name}', '{DISTRIBUTION_COLUMN}', {how})"


def _is_right(name: str, found: Found) -> bool:
    column = DISTRIBUTION_COLUMN if PLACEMENTS[name] is Placement.BY_HANDLE else None
    return found.placement is PLACEMENTS[name] and (column is None or found.column == column)


def _in_order() -> Sequence[str]:
    """`handles` first; what a foreign key points to before what it points from."""
    names = [table.name for table in metadata.sorted_tables if table.name in PLACEMENTS]
    return sorted(names, key=lambda name: (PLACEMENTS[name] is not Placement.EVERYWHERE, name != FIRST))
