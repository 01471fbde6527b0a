"""Where a server keeps what it is told, and the campaign that buyers click there."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from cast import Client, make_cast
from cli.conftest import Served, serving
from funnel import Funnel
from funnelproof.app import Application
from funnelproof.keys.ring import make_first_keys
from funnelproof.opening import open_installation
from funnelproof.settings import Settings
from funnelproof.storage.database import Engines
from funnelproof.storage.postgres import PostgresEngines
from funnelproof.storage.sqlite import SqliteEngines


@dataclass(frozen=True)
class Place:
    """`address` is that of a PostgreSQL database; without it the data folder holds everything."""

    data: Path
    address: str = ""

    @property
    def variables(self) -> dict[str, str]:
        return {"FUNNELPROOF_DATABASE_URL": self.address} if self.address else {}

    def serving(self, *words: str, **variables: str) -> AbstractContextManager[Served]:
        return serving(self.data, *words, **self.variables, **variables)

    def engines(self) -> Engines:
        return PostgresEngines(self.address) if self.address else SqliteEngines(self.data)


def furnish(place: Place) -> None:
    """Keys, the usual people and the usual campaign."""
    address = SecretStr(place.address) if place.address else None
    home = open_installation(Settings(data=place.data, database_url=address))
    try:
        home.database.write_now(lambda tx: make_first_keys(tx, home.seal, home.clock.now()))
        home.keyring.load()
        with Client(Application(home)) as client:
            Funnel(client, make_cast(home)).campaign()
    finally:
        home.lane.close()
        home.database.close()
