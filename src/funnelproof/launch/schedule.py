"""The timer: what `startsAt` and `endsAt` say is written down, a few campaigns at a time."""

from funnelproof.audit.act import Act
from funnelproof.campaigns import lifecycle, store
from funnelproof.campaigns.campaign import Campaign, CampaignStatus, NotReady
from funnelproof.clock import Micros
from funnelproof.health.examine import examine
from funnelproof.launch.gate import check_gate
from funnelproof.storage.database import Transaction

TIMER = "timer"


def run_due(tx: Transaction, now: Micros) -> int:
    """Start and end what is due; answer how many moved. A closed gate keeps a campaign DRAFT; it is tried again."""
    due = store.due(tx, now, limit=50)
    return sum(_run(tx, store.lock(tx, handle, campaign_id), now) for handle, campaign_id in due)


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
