"""Counters of quarter hours are kept for 30 days."""

from collections.abc import Callable

from sqlalchemy import delete, select, tuple_

from funnelproof.clock import Micros
from funnelproof.handles import store as handles
from funnelproof.recount.compare import KEPT_QUARTERS
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import quarter_tallies
from funnelproof.tallies.move import QUARTER

SLICE = 500
LEAPS = 50
BEFORE_ALL = ("", "")


class OldQuarters:
    """Goes from handle to handle and campaign to campaign; each call is a slice, and 0 says that it came round."""

    def __init__(self, now: Callable[[], Micros]) -> None:
        self._now = now
        self._handle, self._after = "", BEFORE_ALL

    def __call__(self, tx: Transaction) -> int:
        oldest = (self._now() - KEPT_QUARTERS) // QUARTER
        for _ in range(LEAPS):
            first = self._first(tx)
            if first is None:
                if not self._next_handle(tx):
                    return 0
            elif first["quarter"] < oldest:
                return _delete(tx, first, oldest)
            else:
                self._after = (first["world"], first["campaign_id"])
        return 1

    def _first(self, tx: Transaction) -> Row | None:
        """The next campaign's first row: that of its oldest quarter, for so they are ordered."""
        names = tuple_(quarter_tallies.c.world, quarter_tallies.c.campaign_id)
        where = (quarter_tallies.c.handle == self._handle, names > self._after)
        in_order = [column for column in quarter_tallies.primary_key if column.name != "handle"]
        return tx.one(select(quarter_tallies).where(*where).order_by(*in_order).limit(1))

    def _next_handle(self, tx: Transaction) -> bool:
        row = handles.after(tx, self._handle)
        self._handle, self._after = row["handle"] if row else "", BEFORE_ALL
        return row is not None


def _delete(tx: Transaction, first: Row, oldest: int) -> int:
    table, key = quarter_tallies, tuple_(*quarter_tallies.primary_key)
    campaign = [table.c[name] == first[name] for name in ("handle", "world", "campaign_id")]
    old = select(*table.primary_key).where(*campaign, table.c.quarter < oldest).limit(SLICE)
    return tx.execute(delete(table).where(*campaign, key.in_(old))).rowcount
