"""The change counter: a row for each handle, bumped by configuration writes. Caches poll it: writers know no reader."""

from collections.abc import Collection

from sqlalchemy import select

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


def known(tx: Transaction, names: Collection[str]) -> set[str]:
    """Which of these handles there are: each has been changed at least once, by being made."""
    return {name for (name,) in rows_among(tx, changes, ("handle",), at={}, within="handle", values=names)}


def versions(tx: Transaction) -> dict[str, int]:
    return {row["handle"]: row["version"] for row in tx.all(select(changes))}
