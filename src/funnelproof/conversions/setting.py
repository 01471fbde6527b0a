"""Where a conversion happens: live, or in a run: which rows, whose clock, what configuration."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import Micros
from funnelproof.handles import store as handles
from funnelproof.handles.handle import Handle
from funnelproof.links.ctx import InvalidCtx, Mode, Reason
from funnelproof.storage.database import Transaction
from funnelproof.worlds import store as worlds


@dataclass(frozen=True, slots=True)
class Setting:
    """`clock_at` is None where the real clock holds. A run that is finished takes nothing new."""

    owner: Handle
    world: str
    mode: Mode
    clock_at: Micros | None
    is_open: bool
    campaigns: Mapping[str, Campaign]

    @property
    def handle(self) -> str:
        return self.owner.handle

    def now(self, received_at: Micros) -> Micros:
        return received_at if self.clock_at is None else self.clock_at

    def check_is_open(self) -> None:
        if not self.is_open:
            raise InvalidCtx(Reason.WRONG_MODE, "The ctx belongs to a test run that is finished. Open a new run.")


def find_setting(tx: Transaction, scope: tuple[str, Mode, int], campaign_ids: Collection[str]) -> Setting:
    """The setting of a ctx's (handle, mode, run). Raises `InvalidCtx` where its run is no longer there."""
    handle, mode, run = scope
    if mode is Mode.TEST:
        return _setting_in_run(tx, handle, run)
    owner = handles.find(tx, handle)
    if owner is None:
        raise InvalidCtx(Reason.WRONG_HANDLE, "The handle of this ctx is no longer there.")
    found = campaigns.by_ref(tx, {(handle, campaign_id) for campaign_id in campaign_ids})
    own = {campaign_id: campaign for (_, campaign_id), campaign in found.items()}
    return Setting(owner, mode.value, mode, None, is_open=True, campaigns=own)


def _setting_in_run(tx: Transaction, handle: str, run: int) -> Setting:
    world = worlds.by_numbers(tx, handle, {run}).get(run)
    if world is None:
        raise InvalidCtx(Reason.WRONG_MODE, "The ctx belongs to a test run that is no longer there. Open a new run.")
    snapshot = world.snapshot
    return Setting(
        snapshot.handle,
        world.world,
        Mode.TEST,
        world.clock_at,
        is_open=world.closed_at is None,
        campaigns={snapshot.campaign.campaign_id: snapshot.campaign},
    )
