"""The timer: what `startsAt` and `endsAt` say is written down, a few campaigns at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field

from funnelproof.audit.act import Act
from funnelproof.campaigns import lifecycle, store
from funnelproof.campaigns.campaign import Campaign, CampaignRef, CampaignStatus, NotReady
from funnelproof.clock import Micros
from funnelproof.health.examine import examine
from funnelproof.launch.gate import check_gate
from funnelproof.storage.database import Transaction

TIMER = "timer"
AT_ONCE = 50
BEFORE_ALL: CampaignRef = ("", "")


@dataclass(slots=True)
class Timer:
    """Each turn moves what nothing keeps back, then tries some of those at a gate: each gets its turn, however many
    gates stay closed. A closed gate keeps a campaign DRAFT; it is tried again when all others were.
    """

    now: Callable[[], Micros]
    _last: CampaignRef = field(default=BEFORE_ALL)

    def __call__(self, tx: Transaction) -> int:
        """Start and end a few of what is due; answer how many moved."""
        now = self.now()
        refs = store.due(tx, now, limit=AT_ONCE) + self._next_at_gate(tx, now)
        return sum(_run(tx, store.lock(tx, *ref), now) for ref in refs)

    def _next_at_gate(self, tx: Transaction, now: Micros) -> list[CampaignRef]:
        refs = store.due_at_gate(tx, now, after=self._last, limit=AT_ONCE)
        self._last = refs[-1] if len(refs) == AT_ONCE else BEFORE_ALL
        return refs


def _run(tx: Transaction, campaign: Campaign, now: Micros) -> bool:
    act = Act(TIMER, now, None)
    if campaign.ends_at is not None and campaign.ends_at <= now:
        if campaign.status in (CampaignStatus.ACTIVE, CampaignStatus.PAUSED):
            lifecycle.move(tx, campaign, CampaignStatus.COMPLETED, act=act, reason="endsAt has come")
            return True
        return False
    if not campaign.starts_by_timer(now):
        return False
    health = examine(tx, campaign.handle, campaign.campaign_id, now=now)
    try:
        check_gate(campaign, health)
    except NotReady:
        return False
    lifecycle.move(
        tx,
        campaign,
        CampaignStatus.ACTIVE,
        act=act,
        reason="startsAt has come",
        health=health.status.value,
        config_digest=health.config_digest,
    )
    return True
