"""Bring a database to the schema of this release, under a lock, one process at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from funnelproof.storage.database import Engines

SCRIPTS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 7_026_112_300_000_001


def migrate(engines: Engines) -> None:
    with engines.writing_alone(), engines.writing.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        if revision(connection) != newest():
            command.upgrade(config(connection), "head")


def config(connection: Connection) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(SCRIPTS))
    settings.attributes["connection"] = connection
    return settings


def revision(connection: Connection) -> str | None:
    """The migration this database stands at; None if it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    return ScriptDirectory(str(SCRIPTS)).get_current_head()
