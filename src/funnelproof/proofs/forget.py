"""A run's world is deleted 30 days after it was opened, a slice at a time; its receipt stays."""

from sqlalchemy import delete, select

from funnelproof.clock import DAY, Micros
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import metadata, worlds

KEPT_FOR: Micros = 30 * DAY
SLICE = 3


def forget_worlds(tx: Transaction, now: Micros) -> int:
    """Delete a few worlds of old runs, all their rows included; answer how many."""
    old = select(worlds.c.handle, worlds.c.world).where(worlds.c.opened_at < now - KEPT_FOR).limit(SLICE)
    found = [(row["handle"], row["world"]) for row in tx.all(old)]
    for handle, world in found:
        for table in metadata.sorted_tables:
            if "world" in table.columns:
                tx.execute(delete(table).where(table.c.handle == handle, table.c.world == world))
    return len(found)
