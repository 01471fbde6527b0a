"""The timer: what `startsAt` and `endsAt` say is written down, a few campaigns at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from funnelproof.audit.act import Act
from funnelproof.campaigns import history, lifecycle, store
from funnelproof.campaigns.campaign import Campaign, CampaignRef, CampaignStatus, NotReady
from funnelproof.clock import Micros, iso_or_none
from funnelproof.health.check import Health
from funnelproof.health.examine import examine
from funnelproof.launch.gate import check_gate
from funnelproof.notifications.outbox import announce
from funnelproof.notifications.webhook import Event
from funnelproof.storage.database import Transaction

TIMER = "timer"
BLOCKED = "launch_blocked"
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
    to = _next(campaign, now)
    if to is None:
        return False
    health = examine(tx, campaign.handle, campaign.campaign_id, now=now)
    try:
        if to is CampaignStatus.ACTIVE:
            check_gate(campaign, health)
    except NotReady as problem:
        _tell_blocked(tx, campaign, health, problem, now)
        return False
    reason = "startsAt has come" if to is CampaignStatus.ACTIVE else "endsAt has come"
    known, digest = health.status.value, health.config_digest
    lifecycle.move(tx, campaign, to, act=Act(TIMER, now, None), reason=reason, health=known, config_digest=digest)
    return True


def _tell_blocked(tx: Transaction, campaign: Campaign, health: Health, problem: NotReady, now: Micros) -> None:
    """Once for each start that was set, however often it is tried."""
    starts_at = iso_or_none(campaign.starts_at)
    told = history.newest(tx, campaign.handle, campaign.campaign_id, BLOCKED)
    if told is not None and (told.details or {}).get("startsAt") == starts_at:
        return
    missing: Any = problem.extra["missing"]
    lacking = [entry["check"] for entry in missing]
    history.write(
        tx,
        campaign,
        at=now,
        act=BLOCKED,
        actor=TIMER,
        reason=problem.detail,
        health=health.status.value,
        config_digest=health.config_digest,
        details={"startsAt": starts_at, "missing": lacking},
    )
    fact = {"campaignId": campaign.campaign_id, "startsAt": starts_at, "missing": lacking, "reason": problem.detail}
    announce(tx, campaign.handle, Event.LAUNCH_BLOCKED, [fact], at=now)


def _next(campaign: Campaign, now: Micros) -> CampaignStatus | None:
    """The move that is due."""
    if campaign.ends_at is not None and campaign.ends_at <= now:
        is_running = campaign.status in (CampaignStatus.ACTIVE, CampaignStatus.PAUSED)
        return CampaignStatus.COMPLETED if is_running else None
    return CampaignStatus.ACTIVE if campaign.starts_by_timer(now) else None
