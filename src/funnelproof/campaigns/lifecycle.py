"""The moves of a campaign's life, each kept in its history with what was known at that moment."""

from dataclasses import replace

from funnelproof.audit.act import Act
from funnelproof.campaigns import store
from funnelproof.campaigns.allocation import after_change, split_faults
from funnelproof.campaigns.campaign import Campaign, CampaignStatus, check_move
from funnelproof.errors import invalid, invalid_payload
from funnelproof.storage.database import Transaction


def move(
    tx: Transaction,
    campaign: Campaign,
    to: CampaignStatus,
    *,
    act: Act,
    reason: str | None = None,
    health: str | None = None,
    config_digest: str | None = None,
    overridden: bool = False,
) -> Campaign:
    """Move a locked campaign; `health` and `config_digest` are what history keeps of that moment."""
    check_move(campaign, to)
    first_active_at = campaign.first_active_at or (act.at if to is CampaignStatus.ACTIVE else None)
    moved = replace(
        campaign, status=to, first_active_at=first_active_at, updated_at=act.at, version=campaign.version + 1
    )
    store.replace(tx, campaign, moved, reason or f"became {to}")
    store.write_history(
        tx,
        moved,
        at=act.at,
        act="moved",
        actor=act.actor,
        from_status=campaign.status.value,
        to_status=to.value,
        reason=reason,
        request_id=act.request_id,
        health=health,
        config_digest=config_digest,
        details={"overridden": True} if overridden else None,
    )
    return moved


def ramp(
    tx: Transaction, campaign: Campaign, percent: int, *, act: Act, reason: str | None, overridden: bool = False
) -> Campaign:
    """Open another share of each variant's buckets. Raising moves nobody between variants, lowering puts nobody out."""
    if percent == campaign.ramp_percent:
        return campaign
    if campaign.status is CampaignStatus.COMPLETED:
        raise invalid("rampPercent", "cannot change once the campaign is completed; copy it to test again.")
    ramped = replace(campaign, ramp_percent=percent, updated_at=act.at, version=campaign.version + 1)
    if faults := split_faults(ramped):
        raise invalid_payload(faults)
    ramped = after_change(campaign, ramped, somebody_entered=True, destinations=(None, None))
    store.replace(tx, campaign, ramped, reason or f"ramp {campaign.ramp_percent} → {percent} %")
    details = {"rampPercent": [campaign.ramp_percent, percent], **({"overridden": True} if overridden else {})}
    store.write_history(
        tx, ramped, at=act.at, act="ramped", actor=act.actor, reason=reason, request_id=act.request_id, details=details
    )
    return ramped
