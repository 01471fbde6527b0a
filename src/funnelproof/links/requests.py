"""A link as clients write and read it."""

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic.alias_generators import to_camel as camel

from funnelproof.clock import Micros, iso, iso_or_none
from funnelproof.errors import Fault
from funnelproof.links.address import CONTROL_CHARACTERS, AddressRules, destination_faults
from funnelproof.links.link import SLUG, Link, LinkMode, OnStorageFailure, RoutingRule, When
from funnelproof.web.shape import Edit, Moment, Shape, View, example

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Device = Literal["MOBILE", "TABLET", "DESKTOP", "BOT", "UNKNOWN"]
READ_ONLY = frozenset(
    {"slug", "createdAt", "updatedAt", "version", "usedClicks", "passwordProtected", "takenDownAt", "url"}
)


class TrackingShape(Shape):
    utm_source: Word | None = None
    utm_medium: Word | None = None
    utm_campaign: Word | None = None
    utm_term: Word | None = None
    utm_content: Word | None = None


class TrackingPolicyShape(Shape):
    mode: LinkMode = LinkMode.DIRECT
    append_context_param: bool = True


class WhenShape(Shape):
    country_in: list[Country] = Field(default=[], max_length=250)
    device_in: list[Device] = Field(default=[], max_length=5)
    source_in: list[Word] = Field(default=[], max_length=100)


class RoutingRuleShape(Shape):
    priority: int = Field(ge=0, le=10_000)
    when: WhenShape
    destination_url: str


class LinkBody(Edit):
    """A link, whole: what is left out takes its default."""

    model_config = example(
        {
            "destinationUrl": "https://shop.example/offer",
            "campaignId": "new-buyer-funnel",
            "tracking": {"utmSource": "mail"},
        }
    )

    read_only = READ_ONLY

    destination_url: str = Field(examples=["https://shop.example/offer"])
    redirect_type: Literal[302, 307] = 302
    enabled: bool = True
    title: str | None = Field(None, max_length=200)
    tags: list[Word] = Field(default=[], max_length=20)
    campaign_id: str | None = None
    tracking: TrackingShape = TrackingShape()
    tracking_policy: TrackingPolicyShape = TrackingPolicyShape()
    routing_rules: list[RoutingRuleShape] = Field(default=[], max_length=50)
    scheduled_start_at: Moment | None = None
    scheduled_end_at: Moment | None = None
    expires_at: Moment | None = None
    max_clicks: int | None = Field(None, ge=1, le=10**12)
    password: str | None = Field(
        None, min_length=1, max_length=128, description="Write-only; left out, the present one stays; null removes it."
    )
    on_storage_failure: OnStorageFailure = OnStorageFailure.REFUSE


class PrimaryLinkBody(Shape):
    """The link that a campaign is created with."""

    slug: str = Field(pattern=SLUG)
    destination_url: str = Field(examples=["https://shop.example/offer"])
    title: str | None = Field(None, max_length=200)
    enabled: bool = True


class LinkView(View):
    slug: str
    url: str
    destination_url: str
    redirect_type: int
    enabled: bool
    title: str | None
    tags: list[str]
    campaign_id: str | None
    tracking: TrackingShape
    tracking_policy: TrackingPolicyShape
    routing_rules: list[RoutingRuleShape]
    scheduled_start_at: str | None
    scheduled_end_at: str | None
    expires_at: str | None
    max_clicks: int | None
    used_clicks: int
    password_protected: bool
    on_storage_failure: OnStorageFailure
    taken_down_at: str | None
    created_at: str
    updated_at: str
    version: int


def link_of(body: LinkBody, *, handle: str, slug: str, now: Micros, password_hash: str | None) -> Link:
    return Link(
        handle=handle,
        slug=slug,
        destination_url=body.destination_url,
        redirect_type=body.redirect_type,
        enabled=body.enabled,
        title=body.title,
        tags=tuple(body.tags),
        campaign_id=body.campaign_id,
        tracking={name: value for name, value in body.tracking.model_dump().items() if value is not None},
        mode=body.tracking_policy.mode,
        append_ctx=body.tracking_policy.append_context_param,
        routing_rules=tuple(_rule_of(rule) for rule in body.routing_rules),
        scheduled_start_at=body.scheduled_start_at,
        scheduled_end_at=body.scheduled_end_at,
        expires_at=body.expires_at,
        max_clicks=body.max_clicks,
        password_hash=password_hash,
        on_storage_failure=body.on_storage_failure,
        created_at=now,
        updated_at=now,
    )


def view_of(link: Link, public_url: str) -> LinkView:
    return LinkView(
        slug=link.slug,
        url=f"{public_url}/{link.handle}/{link.slug}",
        destination_url=link.destination_url,
        redirect_type=link.redirect_type,
        enabled=link.enabled,
        title=link.title,
        tags=list(link.tags),
        campaign_id=link.campaign_id,
        tracking=TrackingShape.of(**link.tracking),
        tracking_policy=TrackingPolicyShape.of(mode=link.mode, append_context_param=link.append_ctx),
        routing_rules=[_rule_view(rule) for rule in link.routing_rules],
        scheduled_start_at=iso_or_none(link.scheduled_start_at),
        scheduled_end_at=iso_or_none(link.scheduled_end_at),
        expires_at=iso_or_none(link.expires_at),
        max_clicks=link.max_clicks,
        used_clicks=link.used_clicks,
        password_protected=link.password_hash is not None,
        on_storage_failure=link.on_storage_failure,
        taken_down_at=iso_or_none(link.taken_down_at),
        created_at=iso(link.created_at),
        updated_at=iso(link.updated_at),
        version=link.version,
    )


def link_faults(link: Link, rules: AddressRules, pointer: str = "") -> list[Fault]:
    """What no shape can tell: unsafe destinations, a schedule that ends before it starts, controls in texts."""
    faults = destination_faults(link.destination_url, f"{pointer}/destinationUrl", rules)
    for at, rule in enumerate(link.routing_rules):
        faults += destination_faults(rule.destination_url, f"{pointer}/routingRules/{at}/destinationUrl", rules)
    if link.scheduled_start_at and link.scheduled_end_at and link.scheduled_end_at <= link.scheduled_start_at:
        faults.append(Fault(f"{pointer}/scheduledEndAt", "invalid", "must be later than scheduledStartAt."))
    texts = {"title": link.title or "", **{f"tags/{at}": tag for at, tag in enumerate(link.tags)}}
    texts |= {f"tracking/{camel(name)}": value for name, value in link.tracking.items()}
    bad = [place for place, text in texts.items() if CONTROL_CHARACTERS.search(text)]
    return faults + [
        Fault(f"{pointer}/{place}", "invalid", "holds a control character; leave it out.") for place in bad
    ]


def _rule_of(rule: RoutingRuleShape) -> RoutingRule:
    when = When(tuple(rule.when.country_in), tuple(rule.when.device_in), tuple(rule.when.source_in))
    return RoutingRule(rule.priority, when, rule.destination_url)


def _rule_view(rule: RoutingRule) -> RoutingRuleShape:
    when = {name: list(values) for name, values in asdict(rule.when).items()}
    return RoutingRuleShape.of(priority=rule.priority, when=WhenShape.of(**when), destination_url=rule.destination_url)
