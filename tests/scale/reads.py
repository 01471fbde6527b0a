"""The reads whose cost must not grow with the number of events, as the routes ask for them."""

from collections.abc import Callable
from typing import Any

from bench.fill import BUSY, HANDLE
from funnelproof.campaigns import store as campaigns
from funnelproof.clock import DAY, Micros, iso
from funnelproof.conversions import reversal_store
from funnelproof.conversions.conversion import Disposition
from funnelproof.conversions.read import Asked, list_conversions, tell
from funnelproof.health import lights
from funnelproof.health.store import funnels
from funnelproof.health.watch import BEFORE_ALL, examine_live, lights_of
from funnelproof.results import subject
from funnelproof.results.analytics import GroupBy, Question, analyse
from funnelproof.results.weigh import weigh
from funnelproof.storage.database import Transaction

Read = Callable[[Transaction], Any]


def reads(now: Micros) -> dict[str, Read]:
    first, last = iso(now - 60 * DAY)[:10], iso(now)[:10]

    def analytics(campaign_id: str | None, group: GroupBy) -> Read:
        return lambda tx: analyse(tx, Question(HANDLE, campaign_id, first, last, group, is_test=False))

    def conversions(**asked: Any) -> Read:
        return lambda tx: list_conversions(tx, Asked(HANDLE, **asked), before=None, limit=51)

    def reversals(**asked: Any) -> Read:
        return lambda tx: reversal_store.page(tx, HANDLE, ["live"], asked, before=None, limit=51)

    def campaign_list(tx: Transaction) -> None:
        page = campaigns.page(tx, HANDLE, before=None, limit=51)
        lights_of(tx, HANDLE, page, now=now)
        funnels(tx, HANDLE, "live", [own.campaign_id for own in page])

    def one(tx: Transaction) -> None:
        (newest,) = list_conversions(tx, Asked(HANDLE), before=None, limit=1)
        tell(tx, HANDLE, newest.made.conversion_id)

    stretch = {"since": now - 50 * DAY, "until": now - 49 * DAY}
    return {
        "health": lambda tx: examine_live(tx, HANDLE, BUSY, now=now),
        "results": lambda tx: weigh(tx, subject.live(tx, HANDLE, BUSY, now=now)),
        **{f"analytics by {group}": analytics(BUSY, group) for group in GroupBy},
        "analytics of all": analytics(None, GroupBy.DAY),
        "campaigns": campaign_list,
        "lights in turn": lambda tx: lights.after(tx, BEFORE_ALL, now, 200),
        "conversions": conversions(),
        "conversions of a campaign": conversions(campaign_id="side-001"),
        **{f"conversions {own}": conversions(disposition=own) for own in Disposition},
        **{f"of a campaign {own}": conversions(campaign_id=BUSY, disposition=own) for own in Disposition},
        "conversions of a day": conversions(**stretch),
        "of a campaign and a day": conversions(campaign_id=BUSY, **stretch),
        "one conversion": one,
        "reversals": reversals(),
        "reversals that wait": reversals(status="WAITING"),
        "reversals of a campaign": reversals(campaign_id=BUSY),
        "reversals of a conversion": reversals(conversion_id="cnv_1"),
        "what waits for a conversion": lambda tx: reversal_store.awaiting(tx, HANDLE, "live", ["order-1"]),
    }
