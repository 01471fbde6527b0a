"""A campaign, its route and a visitor, to be changed by tests."""

from dataclasses import replace
from typing import Any

from funnelproof.campaigns.campaign import Campaign, CampaignStatus, GoalType
from funnelproof.campaigns.fields import defaults
from funnelproof.campaigns.variants import Variant, bucket_of
from funnelproof.clicks.assignment import Kind, Seen, Standing
from funnelproof.clicks.visitor import Identity, Visitor
from funnelproof.handles.handle import ConsentDefault, Handle, ZoneFrom
from funnelproof.links.ctx import Cohort, Consent
from funnelproof.links.link import Link
from funnelproof.worlds.route import Route

NOW = 1_795_000_000_000_000
OWNER = Handle("gharart", "Gharart", "UTC", "USD", "STANDARD", ConsentDefault.FULL, 396, 0, 1, (ZoneFrom(0, "UTC"),))
VARIANTS = (
    Variant(1, "a", "A", 50, control=True),
    Variant(2, "b", "B", 50, destination_url="https://shop.example/b"),
)
CAMPAIGN = Campaign(
    handle="gharart",
    campaign_id="new-buyer-funnel",
    name="New buyer funnel",
    goal_type=GoalType.PRODUCT_SALE,
    status=CampaignStatus.ACTIVE,
    currency="USD",
    ramp_percent=100,
    epoch=2,
    phase=3,
    next_variant_number=3,
    decided_variant=None,
    first_active_at=NOW,
    created_at=NOW,
    updated_at=NOW,
    version=1,
    variants=VARIANTS,
    **defaults(GoalType.PRODUCT_SALE, 30),
)
LINK = Link("gharart", "buy-now", "https://shop.example/a", campaign_id="new-buyer-funnel")


def route(*, campaign: Campaign | None = CAMPAIGN, link: Link = LINK) -> Route:
    return Route(OWNER, link, campaign)


def campaign(**changes: Any) -> Campaign:
    return replace(CAMPAIGN, **changes)


def ticket_of(variant: int, *, is_open: bool = True, ramp: int = 100) -> str:
    """A cookie whose bucket the variant owns, open at this ramp or not."""
    shares = {share.number: share for share in campaign(ramp_percent=ramp).shares}
    share = shares[variant]
    wanted = range(share.start, share.open_end) if is_open else range(share.open_end, share.end)
    return next(t for t in (f"{n:032x}" for n in range(100_000)) if bucket_of("new-buyer-funnel", t) in wanted)


def visitor(ticket: str, identity: Identity = Identity.COOKIE) -> Visitor:
    return Visitor("0123456789abcdef", ticket, identity, Consent.FULL)


def standing(*, variant: int = 1, epoch: int = 2, entered: bool = True, cohort: Cohort = Cohort.ENTERED) -> Standing:
    return Standing(
        campaign_id="new-buyer-funnel",
        visitor="0123456789abcdef",
        cohort=cohort,
        epoch=epoch,
        phase=1,
        variant=variant,
        identity=Identity.COOKIE,
        first_at=NOW,
        entered_at=NOW if entered else None,
        slug="buy-now",
        country="IN",
        device="MOBILE",
        referrer="direct",
        source="mail",
    )


def seen(kind: Kind = Kind.PERSON, country: str = "ZZ", at: int = NOW) -> Seen:
    return Seen(at, kind, country, "DESKTOP", "direct")
