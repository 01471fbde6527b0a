"""Moves and ramps that pass through the gate."""

from dataclasses import dataclass

from funnelproof.access.caller import Caller, InsufficientRole, Kind
from funnelproof.access.roles import Role
from funnelproof.audit.act import Act
from funnelproof.campaigns import lifecycle, store
from funnelproof.campaigns.campaign import Campaign, CampaignStatus, LaunchPolicy, check_move
from funnelproof.errors import invalid
from funnelproof.health.examine import examine
from funnelproof.launch.gate import check_gate
from funnelproof.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Override:
    """Whether the gate is passed against its word, by whom and why."""

    wanted: bool
    reason: str | None


def check_override(caller: Caller, override: Override) -> None:
    """Only an OPERATOR, signed in as a person, passes a closed gate, and says why."""
    if not override.wanted:
        return
    if caller.kind is not Kind.PERSON or not caller.is_at_least(Role.OPERATOR):
        raise InsufficientRole("Only an OPERATOR or OWNER, signed in with a JWT, may override the launch gate.")
    if not override.reason:
        raise invalid("reason", "is needed to override the gate; it is kept in the history.", code="missing")


def transition(
    tx: Transaction, handle: str, campaign_id: str, to: CampaignStatus, *, override: Override, act: Act
) -> Campaign:
    campaign = store.lock(tx, handle, campaign_id)
    check_move(campaign, to)
    health = examine(tx, handle, campaign_id, now=act.at)
    if to is CampaignStatus.ACTIVE and not override.wanted:
        check_gate(campaign, health)
    return lifecycle.move(
        tx,
        campaign,
        to,
        act=act,
        reason=override.reason,
        health=health.status.value,
        config_digest=health.config_digest,
        overridden=override.wanted,
    )


def ramp(tx: Transaction, handle: str, campaign_id: str, percent: int, *, override: Override, act: Act) -> Campaign:
    """Lowering the ramp asks nothing; raising it asks what launching asks."""
    campaign = store.lock(tx, handle, campaign_id)
    raised = percent > campaign.ramp_percent and campaign.launch_policy is not LaunchPolicy.OPEN
    if raised and not override.wanted:
        check_gate(campaign, examine(tx, handle, campaign_id, now=act.at))
    return lifecycle.ramp(tx, campaign, percent, act=act, reason=override.reason, overridden=override.wanted)
