"""Clicks that somebody wants to hear of: kept beside the click, told second by second, up to 500 in one delivery."""

import json
from collections.abc import Callable

from funnelproof.clock import SECOND, Micros
from funnelproof.notifications import store
from funnelproof.notifications.outbox import subscribed, write_down
from funnelproof.notifications.webhook import Event
from funnelproof.storage.database import Transaction

MOST_CLICKS = 500
HANDLES_AT_ONCE = 100


class ClickTeller:
    """Each call is a slice: of each handle the clicks of one second. 0 says that nothing waits any more."""

    def __init__(self, now: Callable[[], Micros]) -> None:
        self._now = now

    def __call__(self, tx: Transaction) -> int:
        """Seconds that have passed; a click that was committed later than others of its second is told by itself."""
        present = self._now() // SECOND * SECOND
        return sum(_tell(tx, handle, present) for handle in store.handles_with_clicks(tx, limit=HANDLES_AT_ONCE))


def _tell(tx: Transaction, handle: str, present: Micros) -> int:
    waiting = store.clicks_of_a_second(tx, handle, before=present, limit=MOST_CLICKS)
    if not waiting:
        return 0
    told = {"clicks": [json.loads(text) for _, _, text in waiting]}
    if to := subscribed(tx, handle, Event.LINK_CLICKED):
        write_down(tx, to, Event.LINK_CLICKED, [(told, max(at for _, at, _ in waiting))])
    store.clicks_told(tx, handle, [click_id for click_id, _, _ in waiting])
    return len(waiting)
