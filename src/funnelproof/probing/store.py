"""Rows of `probes`: the newest finding about each destination of a handle."""

from collections.abc import Collection

from sqlalchemy import delete, select, update

from funnelproof.clock import DAY, Micros
from funnelproof.probing.finding import Finding, Outcome
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import probes
from funnelproof.storage.statements import insert_new

KEPT_FOR: Micros = 30 * DAY
AT_ONCE = 500


def of_destinations(tx: Transaction, handle: str, destinations: Collection[str]) -> dict[str, Finding]:
    """By destination."""
    if not destinations:
        return {}
    where = (probes.c.handle == handle, probes.c.destination.in_(sorted(destinations)))
    return {row["destination"]: _finding(row) for row in tx.all(select(probes).where(*where))}


def keep(tx: Transaction, handle: str, destination: str, found: Finding) -> None:
    """In place of what was known. Who is broken again has failed once more."""
    told = {name: getattr(found, name) for name in Finding.__slots__ if name != "failures"}
    told["outcome"] = found.outcome.value
    failed = int(found.outcome is Outcome.BROKEN)
    row = {"handle": handle, "destination": destination, **told, "failures": failed}
    if insert_new(tx, probes, [row], returning=["destination"]):
        return
    told["failures"] = probes.c.failures + 1 if failed else 0
    tx.execute(update(probes).where(probes.c.handle == handle, probes.c.destination == destination).values(**told))


def forget(tx: Transaction, now: Micros) -> int:
    """Delete a few that nobody has asked for in 30 days; answer how many."""
    names = (probes.c.handle, probes.c.destination)
    old = tx.execute(select(*names).where(probes.c.probed_at < now - KEPT_FOR).limit(AT_ONCE)).all()
    for row in old:
        where = (probes.c.handle == row.handle, probes.c.destination == row.destination)
        tx.execute(delete(probes).where(*where))
    return len(old)


def _finding(row: Row) -> Finding:
    fields = {name: row[name] for name in Finding.__slots__}
    return Finding(**fields | {"outcome": Outcome(row["outcome"])})
