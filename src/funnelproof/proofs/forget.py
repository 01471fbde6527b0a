"""A run's world is deleted 30 days after it was opened, a slice at a time; its receipt stays."""

from sqlalchemy import Table, delete, select, tuple_

from funnelproof.clock import DAY, Micros
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import metadata, worlds

KEPT_FOR: Micros = 30 * DAY
SLICE = 500
TABLES = [table for table in metadata.sorted_tables if "world" in table.columns and table is not worlds]


def forget_worlds(tx: Transaction, now: Micros) -> int:
    """Delete a few hundred rows of an old run's world; answer how many. Its own row goes last: until then it is known.

    The recount leaves out worlds that are this old, for some of their rows are gone.
    """
    old = tx.one(select(worlds.c.handle, worlds.c.world).where(worlds.c.opened_at < now - KEPT_FOR).limit(1))
    if old is None:
        return 0
    gone = 0
    for table in (*TABLES, worlds):
        gone += _delete(tx, table, old["handle"], old["world"], SLICE - gone)
        if gone >= SLICE:
            break
    return gone


def _delete(tx: Transaction, table: Table, handle: str, world: str, most: int) -> int:
    where = (table.c.handle == handle, table.c.world == world)
    some = select(*table.primary_key).where(*where).limit(most)
    return tx.execute(delete(table).where(*where, tuple_(*table.primary_key).in_(some))).rowcount
