"""Checks inside a database that answers: durable, of this release's schema, keys that open, somebody to serve."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from funnelproof.cli.doctor.checks import Finding
from funnelproof.cli.home import init_command
from funnelproof.settings import Settings
from funnelproof.storage.database import Engines, Transaction

if TYPE_CHECKING:
    from funnelproof.keys.seal import Seal


def of_storage(settings: Settings, engines: Engines) -> Iterator[Finding]:
    faults = engines.check_durable()
    yield Finding("durable", not faults, " ".join(faults) or "every commit reaches the disk", "Turn it on again.")
    schema = _schema(settings, engines)
    yield schema
    if schema.ok:
        with engines.reading.connect() as connection, connection.begin():
            tx = Transaction(connection)
            yield _keys(settings, tx)
            yield _users(settings, tx)


def _schema(settings: Settings, engines: Engines) -> Finding:
    from funnelproof.storage.migrate import newest, revision

    with engines.reading.connect() as connection:
        present = revision(connection)
    wanted = newest()
    found = (
        f"{present}, which is this release's" if present == wanted else f"{present or 'none'}; this release: {wanted}"
    )
    remedy = f"funnelproof serve --data {settings.data} brings an older schema forward; a newer one needs its release."
    return Finding("schema", present == wanted, found, remedy)


def _keys(settings: Settings, tx: Transaction) -> Finding:
    from funnelproof.keys import store
    from funnelproof.keys.key import Purpose
    from funnelproof.keys.seal import WrongSecret

    keys = store.all_keys(tx)
    missing = sorted(set(Purpose) - {key.purpose for key in keys})
    if missing:
        return Finding("keys", False, f"no key for {', '.join(missing)}", init_command(settings))
    try:
        seal = _seal(settings)
        for key in keys:
            seal.open(key.sealed)
    except (WrongSecret, OSError) as error:
        remedy = "Set the FUNNELPROOF_SECRET, or put back the secret.key, with which this database was made."
        return Finding("keys", False, str(error), remedy)
    return Finding("keys", True, f"all {len(keys)} open with the secret")


def _seal(settings: Settings) -> "Seal":
    """Unlike the server, never makes a secret that is missing."""
    from funnelproof.keys.seal import FILE
    from funnelproof.opening import seal_of

    if settings.secret is None and not (settings.data / FILE).exists():
        raise FileNotFoundError(f"{settings.data / FILE} is not there")
    return seal_of(settings)


def _users(settings: Settings, tx: Transaction) -> Finding:
    from funnelproof.access import store

    found = store.any_user(tx)
    return Finding("users", found, "there are accounts" if found else "nobody has an account", init_command(settings))
