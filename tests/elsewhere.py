"""Another process of the same installation: the same database, connections and keyring of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from funnelproof.installation import Installation
from funnelproof.keys.ring import Keyring
from funnelproof.storage.database import Database, Engines
from funnelproof.storage.ingest import Lane
from funnelproof.storage.postgres import PostgresEngines
from funnelproof.storage.sqlite import SqliteEngines


@contextmanager
def another_process(home: Installation, slot: int = 1) -> Iterator[Installation]:
    database = Database(_engines(home))
    database.slot = slot
    keyring = Keyring(database, home.seal, home.clock)
    keyring.load()
    lane = Lane(database, waiting_limit=home.settings.ingest_waiting, group_limit=home.settings.ingest_group)
    try:
        yield replace(home, database=database, keyring=keyring, lane=lane)
    finally:
        lane.close()
        database.close()


def _engines(home: Installation) -> Engines:
    writing = home.database.engines.writing
    if writing.dialect.name == "sqlite":
        return SqliteEngines(home.settings.data)
    return PostgresEngines(writing.url.render_as_string(hide_password=False))
