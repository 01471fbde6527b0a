"""The decision that ends a test, and its undoing."""

from typing import Any

from funnelproof.audit.act import Act
from funnelproof.campaigns import lifecycle, store
from funnelproof.campaigns.campaign import Campaign, CampaignStatus, IllegalTransition, check_move
from funnelproof.campaigns.variants import Variant
from funnelproof.clock import DAY, iso, span
from funnelproof.errors import NotFound, invalid
from funnelproof.health.examine import examine
from funnelproof.notifications.outbox import announce
from funnelproof.notifications.webhook import Event
from funnelproof.results import frozen
from funnelproof.results.frozen import UNDONE_WITHIN, Decision
from funnelproof.storage.database import Transaction


def decide(tx: Transaction, handle: str, campaign_id: str, variant_id: str, *, reason: str, act: Act) -> Decision:
    """End the test: everyone goes to this variant from now on. Its results are frozen as they stand."""
    campaign = store.lock(tx, handle, campaign_id)
    _check_may_be_decided(campaign)
    variant = _chosen(campaign, variant_id)
    epoch, results = frozen.freeze(tx, handle, campaign_id, act.at)
    decision = Decision(
        handle=handle,
        campaign_id=campaign_id,
        epoch=epoch,
        variant=variant.number,
        reason=reason,
        decided_at=act.at,
        decided_by=act.actor,
        request_id=act.request_id,
        digest=frozen.digest_of(results),
        results=results,
    )
    frozen.add(tx, decision)
    health = examine(tx, handle, campaign_id, now=act.at)
    told = {"variantId": variant_id, "epoch": epoch, "resultsDigest": decision.digest}
    lifecycle.decide(
        tx, campaign, variant, act=act, reason=reason, health=health.status, digest=health.config_digest, told=told
    )
    fact = {"campaignId": campaign_id, **told, "reason": reason}
    announce(tx, handle, Event.DECIDED, [fact], at=act.at)
    return decision


def undo(tx: Transaction, handle: str, campaign_id: str, *, reason: str | None, act: Act) -> Campaign:
    """Take the decision back within 30 days: PAUSED, in a new epoch. What was frozen stays readable."""
    campaign = store.lock(tx, handle, campaign_id)
    decision = frozen.standing(tx, (handle, campaign_id))
    if decision is None:
        raise NotFound("No decision on this campaign holds, so there is none to undo.")
    if act.at > decision.undo_until:
        raise IllegalTransition(
            f"The decision was made {span(act.at - decision.decided_at)} ago, and can be undone for "
            f"{UNDONE_WITHIN // DAY} days: until {iso(decision.undo_until)}. Copy the campaign to test again.",
            **_told(campaign, CampaignStatus.PAUSED),
        )
    frozen.mark_undone(tx, decision, at=act.at, by=act.actor)
    health = examine(tx, handle, campaign_id, now=act.at)
    told = {"undoneEpoch": decision.epoch, "resultsDigest": decision.digest}
    return lifecycle.reopen(
        tx, campaign, act=act, reason=reason, health=health.status, digest=health.config_digest, told=told
    )


def _check_may_be_decided(campaign: Campaign) -> None:
    """A test that was completed without a decision may still be given one; a second needs the first one undone."""
    if campaign.decided_variant is not None:
        decided = campaign.variant_id(campaign.decided_variant)
        raise IllegalTransition(
            f"This test is decided already, for {decided}. Undo that decision first: DELETE …/decision.",
            **_told(campaign, CampaignStatus.COMPLETED),
        )
    if campaign.status is not CampaignStatus.COMPLETED:
        check_move(campaign, CampaignStatus.COMPLETED)


def _told(campaign: Campaign, to: CampaignStatus) -> dict[str, Any]:
    return {"from": campaign.status.value, "to": to.value, "legal": []}


def _chosen(campaign: Campaign, variant_id: str) -> Variant:
    variant = next((own for own in campaign.variants if own.variant_id == variant_id), None)
    if variant is None:
        names = ", ".join(own.variant_id for own in campaign.variants) or "none"
        raise invalid("variantId", f"the campaign has no variant {variant_id!r}; it has {names}.")
    if not variant.enabled:
        raise invalid("variantId", f"{variant_id!r} is switched off: its people go to the control. Enable it first.")
    return variant
