"""Migrations: which one a database stands at, and that the names of their files tell the order."""

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from funnelproof.storage.database import Database
from funnelproof.storage.migrate import SCRIPTS, migrate, newest, revision


def test_the_newest_file_is_the_head_of_all_migrations() -> None:
    assert newest() == ScriptDirectory(str(SCRIPTS)).get_current_head()


def test_a_migrated_database_stands_at_the_newest(database: Database) -> None:
    with database.engines.reading.connect() as connection:
        assert revision(connection) == MigrationContext.configure(connection).get_current_revision() == newest()


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate(database.engines)
    with database.engines.reading.connect() as connection:
        assert revision(connection) == newest()
