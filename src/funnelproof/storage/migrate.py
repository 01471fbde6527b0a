"""Bring a database to the schema of this release, under a lock, one process at a time.

Alembic is loaded only where there is something to migrate: it takes a third of a second, and most starts do without it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from funnelproof.storage.database import Engines

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"
ADVISORY_LOCK = 7_026_112_300_000_001


def migrate(engines: Engines) -> None:
    with engines.writing_alone(), engines.writing.begin() as connection:
        lock(connection)
        upgrade(connection, newest())


def lock(connection: Connection) -> None:
    """PostgreSQL's lock, until the transaction ends; SQLite's writers are alone as it is."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")


def upgrade(connection: Connection, to: str) -> None:
    """Bring a database to a migration, from an earlier one or from nothing."""
    if revision(connection) != to:
        from alembic import command

        command.upgrade(config(connection), to)


def config(connection: Connection) -> "Config":
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(SCRIPTS))
    settings.attributes["connection"] = connection
    return settings


def revision(connection: Connection) -> str | None:
    """The migration this database stands at; None if it is empty."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar_one_or_none()  # noqa: S608
    return None if found is None else str(found)


def newest() -> str:
    """The last migration."""
    return max(revisions())


def revisions() -> set[str]:
    """Every migration of this release, told by the number that its file's name begins with."""
    return {path.name.partition("_")[0] for path in SCRIPTS.glob("versions/[0-9]*.py")}
