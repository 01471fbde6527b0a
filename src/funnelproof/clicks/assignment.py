"""Which variant a click is led to, and how it stands to the test: a function of configuration, bucket and ledger."""

from typing import NamedTuple

from funnelproof.campaigns.campaign import Campaign, CampaignStatus
from funnelproof.campaigns.variants import bucket_of, owner_of
from funnelproof.clicks.visitor import Identity, Visitor
from funnelproof.clock import Micros
from funnelproof.links.ctx import Cohort
from funnelproof.links.link import matching_rule
from funnelproof.word import Word
from funnelproof.worlds.route import Route

OUT_OF_PLAY = {
    CampaignStatus.DRAFT: Cohort.PAUSED,
    CampaignStatus.PAUSED: Cohort.PAUSED,
    CampaignStatus.COMPLETED: Cohort.AFTER,
}
"""While a campaign is not ACTIVE its links lead on, and nobody enters."""


class Kind(Word):
    """What kind of visit it is; only people qualify."""

    PERSON = "PERSON"
    BOT = "BOT"
    PREFETCH = "PREFETCH"
    HEAD = "HEAD"


class Standing(NamedTuple):
    """A visitor's row in the ledger: who it is to the test, and where it was first seen."""

    campaign_id: str
    visitor: str
    cohort: Cohort
    epoch: int
    phase: int
    variant: int
    identity: Identity
    first_at: Micros
    entered_at: Micros | None
    slug: str
    country: str
    device: str
    referrer: str
    source: str
    arrived_at: Micros | None = None
    conversions: int = 0
    test_conversions: int = 0
    refunds: int = 0
    test_refunds: int = 0


class Decision(NamedTuple):
    """`variant` is 0 where none decided. Epoch and phase are those of the entry, else the campaign's present ones."""

    variant: int
    cohort: Cohort
    epoch: int
    phase: int
    destination: str
    enters: bool = False


class Seen(NamedTuple):
    """What of a visit decides: when, as what kind, from where, on which device, with which utm_source."""

    at: Micros
    kind: Kind
    country: str
    device: str
    source: str


def decide(route: Route, visitor: Visitor, standing: Standing | None, *, seen: Seen) -> Decision:
    campaign, link = route.campaign, route.link
    rule = None
    if link.routing_rules:
        rule = matching_rule(link, country=seen.country, device=seen.device, source=seen.source)
    destination = rule.destination_url if rule else link.destination_url
    if campaign is None:
        return Decision(0, Cohort.NONE, 0, 0, destination)
    out = OUT_OF_PLAY.get(campaign.status_at(seen.at))
    if rule is not None or not campaign.variants:
        cohort = out or (Cohort.RULE if rule else Cohort.OUTSIDE)
        return Decision(0, cohort, campaign.epoch, campaign.phase, destination)
    variant, cohort, enters = _among_variants(route, campaign, visitor, standing=standing, kind=seen.kind, out=out)
    stays = standing if cohort is Cohort.ENTERED and not enters else None
    epoch, phase = (stays.epoch, stays.phase) if stays else (campaign.epoch, campaign.phase)
    return Decision(variant, cohort, epoch, phase, route.destination(variant), enters)


def _among_variants(
    route: Route, campaign: Campaign, visitor: Visitor, *, standing: Standing | None, kind: Kind, out: Cohort | None
) -> tuple[int, Cohort, bool]:
    """(variant, cohort, whether the visitor enters the test with this click)."""
    control = route.control
    known = standing.variant if standing and standing.entered_at is not None else None
    if out is Cohort.AFTER:
        return campaign.decided_variant or control, Cohort.AFTER, False
    if out is Cohort.PAUSED:
        return control if known is None else known, Cohort.PAUSED, False
    if known is not None and standing is not None:
        return known, Cohort.ENTERED if standing.epoch == campaign.epoch else Cohort.EARLIER, False
    owner, is_open = owner_of(route.shares, bucket_of(campaign.campaign_id, visitor.ticket))
    if visitor.identity is Identity.DAILY and not campaign.include_cookieless:
        return owner if is_open else control, Cohort.DAILY, False
    if not is_open:
        return control, Cohort.OUTSIDE, False
    return (owner, Cohort.ENTERED, True) if kind is Kind.PERSON else (owner, Cohort.OUTSIDE, False)
