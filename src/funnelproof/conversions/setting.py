"""Where a conversion happens: live, or in a run: which rows, whose clock, what configuration."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import Micros
from funnelproof.handles import store as handles
from funnelproof.handles.handle import Handle
from funnelproof.links.ctx import InvalidCtx, Mode, Reason
from funnelproof.storage.changes import version_of
from funnelproof.storage.database import Transaction
from funnelproof.worlds import store as worlds

REMEMBERED = 1000


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
    kept = _configuration(tx, handle)
    if kept.owner is None:
        raise InvalidCtx(Reason.WRONG_HANDLE, "The handle of this ctx is no longer there.")
    own = kept.read(tx, campaign_ids)
    return Setting(kept.owner, mode.value, mode, None, is_open=True, campaigns=own)


@dataclass(slots=True)
class _Configuration:
    """A handle and those of its campaigns that were asked for, as they stand at one version of its configuration."""

    version: int
    owner: Handle | None
    campaigns: dict[str, Campaign | None]

    def read(self, tx: Transaction, campaign_ids: Collection[str]) -> dict[str, Campaign]:
        unread = [campaign_id for campaign_id in campaign_ids if campaign_id not in self.campaigns]
        if unread and self.owner is not None:
            handle = self.owner.handle
            found = campaigns.by_ref(tx, {(handle, campaign_id) for campaign_id in unread})
            self.campaigns.update({campaign_id: found.get((handle, campaign_id)) for campaign_id in unread})
        asked = ((campaign_id, self.campaigns.get(campaign_id)) for campaign_id in campaign_ids)
        return {campaign_id: campaign for campaign_id, campaign in asked if campaign is not None}


def _configuration(tx: Transaction, handle: str) -> _Configuration:
    """Remembered for as long as the handle's change counter, read in this very transaction, stands still."""
    kept: OrderedDict[str, _Configuration] = tx.memory.setdefault("configurations", OrderedDict())
    version, known = version_of(tx, handle), kept.pop(handle, None)
    if known is None or known.version != version:
        known = _Configuration(version, handles.find(tx, handle), {})
    kept[handle] = known
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
    return known


def _setting_in_run(tx: Transaction, handle: str, run: int) -> Setting:
    world = worlds.by_numbers(tx, handle, {run}).get(run)
    if world is None:
        raise InvalidCtx(Reason.WRONG_MODE, "The ctx belongs to a test run that is no longer there. Open a new run.")
    snapshot = world.snapshot
    return Setting(
        snapshot.handle,
        world.world,
        Mode.TEST,
        world.own_clock,
        is_open=world.closed_at is None,
        campaigns={snapshot.campaign.campaign_id: snapshot.campaign},
    )
