"""The change counter: a row for each handle, bumped by configuration writes. Caches poll it: writers know no reader."""

from collections.abc import Collection

from funnelproof.storage.bulk import rows_among
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import changes
from funnelproof.storage.statements import add_up


def bump(tx: Transaction, handle: str) -> None:
    """Say that a handle's configuration changes with this transaction."""
    if handle not in tx.changed_handles:
        add_up(tx, changes, [{"handle": handle, "version": 1}])
        tx.changed_handles.add(handle)


def version_of(tx: Transaction, handle: str) -> int:
    """How often a handle's configuration has changed."""
    found = rows_among(tx, changes, ("version",), at={}, within="handle", values=[handle])
    return int(found[0][0]) if found else 0


def versions(tx: Transaction, names: Collection[str]) -> dict[str, int]:
    """The same of several handles, as far as they are there: each has been changed at least once, by being made."""
    return dict(rows_among(tx, changes, ("handle", "version"), at={}, within="handle", values=names))
