"""The brake: a campaign that asked for it is paused when its health falls to FAIL, and everybody can read why."""

from collections.abc import Callable
from dataclasses import dataclass

from funnelproof.audit.act import Act
from funnelproof.campaigns import lifecycle, store
from funnelproof.campaigns.campaign import CampaignStatus
from funnelproof.clock import Micros
from funnelproof.health import lights
from funnelproof.health.check import Health, Status
from funnelproof.health.examine import examine
from funnelproof.launch.schedule import TIMER
from funnelproof.storage.database import Transaction

AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Brake:
    """It acts on a light that turned to FAIL while the campaign ran.

    Whoever starts a failing campaign all the same, with an override and a reason, is not contradicted: the light has
    to turn once more before the brake acts again.
    """

    now: Callable[[], Micros]

    def __call__(self, tx: Transaction) -> int:
        """Pause a few of those whose light says so; answer how many."""
        return sum(self._pause(tx, *ref) for ref in lights.to_brake(tx, limit=AT_ONCE))

    def _pause(self, tx: Transaction, handle: str, campaign_id: str) -> bool:
        campaign = store.lock(tx, handle, campaign_id)
        health = examine(tx, handle, campaign_id, now=self.now())
        if campaign.status is not CampaignStatus.ACTIVE or health.status is not Status.FAIL:
            return False
        lifecycle.move(
            tx,
            campaign,
            CampaignStatus.PAUSED,
            act=Act(TIMER, self.now(), None),
            reason=_reason(health),
            health=health.status.value,
            config_digest=health.config_digest,
        )
        return True


def _reason(health: Health) -> str:
    failing = [check.title for check in health.checks if check.status is Status.FAIL]
    return f"pauseOnFail: {' '.join(failing)}"[:500]
