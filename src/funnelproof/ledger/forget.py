"""Kept answers are forgotten after a day, counts of writes after a week."""

from collections.abc import Callable

from funnelproof.clock import DAY, Micros, local_day
from funnelproof.handles import store as handles
from funnelproof.ledger import store
from funnelproof.ledger.entry import LIFE
from funnelproof.storage.database import Transaction

LEAPS = 50
COUNTS_KEPT: Micros = 7 * DAY


class OldEntries:
    """Goes from handle to handle, beginning with what belongs to none; each call is a slice, 0: it came round."""

    def __init__(self, now: Callable[[], Micros]) -> None:
        self._now = now
        self._handle = ""

    def __call__(self, tx: Transaction) -> int:
        now = self._now()
        for _ in range(LEAPS):
            if gone := store.forget(tx, self._handle, now - LIFE, local_day(now - COUNTS_KEPT, "UTC")):
                return gone
            row = handles.after(tx, self._handle)
            self._handle = row["handle"] if row else ""
            if row is None:
                return 0
        return 1
