"""Requests are forgotten after thirty days."""

from collections.abc import Callable

from funnelproof.clock import Micros
from funnelproof.handles import store as handles
from funnelproof.storage.database import Transaction
from funnelproof.traces import store
from funnelproof.traces.trace import KEPT_FOR

LEAPS = 50


class OldRequests:
    """Goes from handle to handle; each call is a slice, and 0 says that it came round."""

    def __init__(self, now: Callable[[], Micros]) -> None:
        self._now = now
        self._handle = ""

    def __call__(self, tx: Transaction) -> int:
        before = self._now() - KEPT_FOR
        for _ in range(LEAPS):
            if self._handle and (gone := store.forget(tx, self._handle, before)):
                return gone
            row = handles.after(tx, self._handle)
            self._handle = row["handle"] if row else ""
            if row is None:
                return 0
        return 1
