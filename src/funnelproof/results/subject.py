"""Whose test is asked for: a campaign's, live or in the world of one of its runs, in one epoch."""

from dataclasses import dataclass

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign, CampaignRef, CampaignStatus, Planned
from funnelproof.campaigns.variants import Variant
from funnelproof.clock import Micros
from funnelproof.errors import NotFound, invalid
from funnelproof.handles import settle
from funnelproof.handles.handle import Handle
from funnelproof.results import store
from funnelproof.results.days import active_spans, full_days
from funnelproof.storage.database import Row, Transaction
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import LIVE


@dataclass(frozen=True, slots=True)
class Subject:
    """`at` is the world's time. `plan` is the epoch's own; `full_days` are days while ACTIVE in it."""

    owner: Handle
    campaign: Campaign
    world: str
    at: Micros
    epoch: int
    plan: Planned
    phases: tuple[Row, ...]
    full_days: int

    @property
    def ref(self) -> CampaignRef:
        return self.campaign.handle, self.campaign.campaign_id

    @property
    def is_live(self) -> bool:
        return self.world == LIVE

    @property
    def is_current(self) -> bool:
        """Whether this is the epoch that visitors enter now."""
        return self.epoch == self.campaign.epoch

    @property
    def zone(self) -> str:
        return self.owner.zone_at(self.at)

    @property
    def is_sealed(self) -> bool:
        return self.campaign.embargo_until is not None and self.campaign.embargo_until > self.at

    @property
    def control(self) -> Variant | None:
        return self.campaign.variant(self.plan.control) if self.plan.control is not None else None


def live(
    tx: Transaction, handle: str, campaign_id: str, *, now: Micros, epoch: int | None = None, to_change: bool = False
) -> Subject:
    """Raises `NoSuchCampaign`; 400 for an epoch that never was. `to_change` locks the campaign."""
    read = campaigns.lock if to_change else campaigns.get
    campaign, owner = read(tx, handle, campaign_id), settle.existing(tx, handle)
    asked = campaign.epoch if epoch is None else epoch
    if not 1 <= asked <= campaign.epoch:
        raise invalid("query/epoch", f"must lie between 1 and {campaign.epoch}, the present one.")
    ended = campaigns.phases_of(tx, handle, LIVE, campaign_id, asked + 1) if asked < campaign.epoch else []
    phases = tuple(campaigns.phases_of(tx, handle, LIVE, campaign_id, asked))
    until = ended[0]["started_at"] if ended else _end_of(campaign, now)
    days = 0
    if phases:
        spans = active_spans(store.moves(tx, (handle, campaign_id)), until)
        days = full_days(spans, owner, since=phases[0]["started_at"], until=until)
    plan = campaigns.plan_of(tx, campaign, asked)
    return Subject(owner, campaign, LIVE, now, asked, plan, phases, days)


def in_run(tx: Transaction, handle: str, campaign_id: str, run: str) -> Subject:
    """In a run's world, by its snapshot and its clock; there it is ACTIVE from its beginning."""
    campaigns.get(tx, handle, campaign_id)
    world = worlds.find(tx, handle, run)
    if world is None or world.campaign_id != campaign_id:
        raise NotFound("This campaign has no run of this id; runs are listed at …/test-runs.")
    campaign, owner = world.snapshot.campaign, world.snapshot.handle
    phases = tuple(campaigns.phases_of(tx, handle, run, campaign_id, campaign.epoch))
    days = 0
    if phases and campaign.status is CampaignStatus.ACTIVE:
        began = phases[0]["started_at"]
        days = full_days([(began, world.clock_at)], owner, since=began, until=world.clock_at)
    return Subject(owner, campaign, run, world.clock_at, campaign.epoch, campaign.plan, phases, days)


def _end_of(campaign: Campaign, now: Micros) -> Micros:
    """`endsAt` counts at once, before the timer has written it down."""
    return min(now, campaign.ends_at) if campaign.ends_at is not None else now
