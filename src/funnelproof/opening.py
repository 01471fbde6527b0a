"""An installation opened: what every command needs, without the doors and routes that only a server needs."""

import contextlib

from funnelproof.clock import Clock, SystemClock
from funnelproof.errors import Unavailable
from funnelproof.installation import Installation
from funnelproof.keys import store
from funnelproof.keys.ring import Keyring
from funnelproof.keys.seal import FILE, MissingSecret, Seal, read_or_make_secret, read_secret
from funnelproof.settings import Settings
from funnelproof.storage.database import Database
from funnelproof.storage.engines import engines_of
from funnelproof.storage.ingest import Lane
from funnelproof.storage.migrate import migrate
from funnelproof.storage.partitions import keep_months


class NotDurable(Exception):  # noqa: N818 - shown to the operator as it is
    """This database could lose what was acknowledged."""


def open_installation(settings: Settings, clock: Clock | None = None) -> Installation:
    """Open storage, bring it to this release's schema, read the keys."""
    clock = clock or SystemClock()
    engines = engines_of(settings)
    if faults := engines.check_durable():
        raise NotDurable(" ".join(faults))
    migrate(engines)
    database = Database(engines)
    check_secret(settings, database)
    with contextlib.suppress(Unavailable):  # somebody reads all clicks just now; the timed job tries again
        database.write_now(lambda tx: keep_months(tx, clock.now()))
    seal = seal_of(settings)
    keyring = Keyring(database, seal, clock)
    keyring.load()
    lane = Lane(database, waiting_limit=settings.ingest_waiting, group_limit=settings.ingest_group)
    return Installation(settings, database, clock, seal, keyring, lane)


def check_secret(settings: Settings, database: Database) -> None:
    """A secret is made for new keys only: with another one, those that are there would not open."""
    if settings.secret is None and read_secret(settings.data) is None and database.read_now(store.all_keys):
        raise MissingSecret(
            f"There is no {settings.data / FILE}, and the keys in this database were sealed with one. Put it back "
            "(mode 0600), or set FUNNELPROOF_SECRET to its text."
        )


def seal_of(settings: Settings) -> Seal:
    if settings.secret is not None:
        return Seal(settings.secret.get_secret_value())
    return Seal(read_or_make_secret(settings.data))
