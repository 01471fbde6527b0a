"""The moves of a campaign's life, each kept in its history with what was known at that moment."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from funnelproof.audit.act import Act
from funnelproof.campaigns import history, store
from funnelproof.campaigns.allocation import after_change, split_faults
from funnelproof.campaigns.campaign import Campaign, CampaignStatus, check_move
from funnelproof.campaigns.variants import Variant
from funnelproof.errors import invalid, invalid_payload
from funnelproof.notifications.outbox import announce
from funnelproof.notifications.webhook import Event
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
    history.write(
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
    fact = {"campaignId": moved.campaign_id, "from": campaign.status.value, "to": to.value, "reason": reason}
    announce(tx, moved.handle, Event.STATUS_CHANGED, [fact], at=act.at)
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
    history.write(
        tx, ramped, at=act.at, act="ramped", actor=act.actor, reason=reason, request_id=act.request_id, details=details
    )
    return ramped


def decide(
    tx: Transaction,
    campaign: Campaign,
    variant: Variant,
    *,
    act: Act,
    reason: str,
    health: str,
    digest: str,
    told: Mapping[str, Any],
) -> Campaign:
    """Complete a locked campaign with a decision: stickiness ends, everyone is led to this variant."""
    decided = replace(
        campaign,
        status=CampaignStatus.COMPLETED,
        decided_variant=variant.number,
        updated_at=act.at,
        version=campaign.version + 1,
    )
    store.replace(tx, campaign, decided, reason)
    _note(tx, campaign, decided, "decided", act=act, reason=reason, health=health, config_digest=digest, details=told)
    return decided


def reopen(
    tx: Transaction,
    campaign: Campaign,
    *,
    act: Act,
    reason: str | None,
    health: str,
    digest: str,
    told: Mapping[str, Any],
) -> Campaign:
    """Take a decision back: PAUSED, in a new epoch. An `endsAt` that is past goes, or it would end at once again."""
    ended = campaign.ends_at is not None and campaign.ends_at <= act.at
    reopened = replace(
        campaign,
        status=CampaignStatus.PAUSED,
        decided_variant=None,
        ends_at=None if ended else campaign.ends_at,
        epoch=campaign.epoch + 1,
        phase=1,
        updated_at=act.at,
        version=campaign.version + 1,
    )
    store.replace(tx, campaign, reopened, reason or "the decision was undone")
    details = {**told, "epoch": reopened.epoch, "phase": 1, **({"changed": ["ends_at"]} if ended else {})}
    _note(
        tx,
        campaign,
        reopened,
        "decision_undone",
        act=act,
        reason=reason,
        health=health,
        config_digest=digest,
        details=details,
    )
    return reopened


def _note(tx: Transaction, before: Campaign, after: Campaign, name: str, *, act: Act, **facts: Any) -> None:
    history.write(
        tx,
        after,
        at=act.at,
        act=name,
        actor=act.actor,
        from_status=before.status.value,
        to_status=after.status.value,
        request_id=act.request_id,
        **facts,
    )
