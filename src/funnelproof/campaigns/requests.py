"""A campaign as clients write and read it."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from funnelproof.campaigns.campaign import (
    CAMPAIGN_ID,
    MAX_CTX_TTL_SECONDS,
    Campaign,
    CampaignStatus,
    CountingRule,
    GoalType,
    LaunchPolicy,
)
from funnelproof.campaigns.fields import FRACTIONS
from funnelproof.campaigns.variants import MAX_VARIANTS, VARIANT_ID, Variant
from funnelproof.clock import iso, iso_or_none
from funnelproof.links.link import SLUG
from funnelproof.links.requests import PrimaryLinkBody
from funnelproof.money import decimal_text
from funnelproof.tags.requests import TagPolicyBody
from funnelproof.web.shape import Edit, Moment, Shape, View, example

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Event = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,30}(\.[0-9]{1,30})?$")]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Lift = Annotated[float, Field(gt=0, le=10)]
READ_ONLY = frozenset(
    {
        "campaignId",
        "status",
        "rampPercent",
        "createdAt",
        "updatedAt",
        "version",
        "epoch",
        "phase",
        "goalType",
        "currency",
        "decidedVariantId",
    }
)


class VariantBody(Edit):
    read_only = frozenset({"number"})

    variant_id: str = Field(pattern=VARIANT_ID)
    name: Name | None = None
    weight: int = Field(ge=0, le=1_000_000)
    destination_url: str | None = None
    control: bool | None = None
    enabled: bool = True


class _Changeable(Edit):
    """What may be set at creation and changed later."""

    tracking_preset: str | None = Field(None, min_length=1, max_length=64, pattern=r"^[a-z0-9_]+$")
    event_type: Event | None = None
    counting_rule: CountingRule | None = None
    max_per_click: int | None = Field(None, ge=0, le=1_000_000)
    max_value: Amount | None = None
    trusted_conversions: bool | None = None
    attribution_window_days: int | None = Field(None, ge=1, le=365)
    ctx_ttl_seconds: int | None = Field(None, ge=60, le=MAX_CTX_TTL_SECONDS)
    tag_policy: TagPolicyBody | None = None
    launch_policy: LaunchPolicy | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    details_page_slug: str | None = Field(None, pattern=CAMPAIGN_ID)
    expected_rate: Fraction | None = None
    minimum_lift: Lift | None = None
    decision_window_days: int | None = Field(None, ge=1, le=30)
    embargo_until: Moment | None = None
    include_cookieless: bool | None = None
    receipt_ttl_hours: int | None = Field(None, ge=1, le=8_784)
    pause_on_fail: bool | None = Field(None, description="Pause the campaign when its health falls to FAIL.")
    variants: list[VariantBody] | None = Field(None, max_length=MAX_VARIANTS)
    primary_slug: str | None = Field(None, pattern=SLUG)

    def changeable(self) -> dict[str, Any]:
        """What the request names of these fields, variants left out; by Python names."""
        return {name: value for name, value in self.given().items() if name in CHANGEABLE}


CHANGEABLE = frozenset(_Changeable.model_fields) - {"variants"}


class NewCampaign(_Changeable):
    model_config = example(
        {
            "campaignId": "new-buyer-funnel",
            "name": "New buyer funnel",
            "goalType": "PRODUCT_SALE",
            "primaryLink": {"slug": "buy-now", "destinationUrl": "https://shop.example/a"},
            "variants": [
                {"variantId": "a", "weight": 50, "control": True},
                {"variantId": "b", "weight": 50, "destinationUrl": "https://shop.example/b"},
            ],
        }
    )

    campaign_id: str = Field(pattern=CAMPAIGN_ID, examples=["new-buyer-funnel"])
    name: Name
    goal_type: GoalType
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$", description="ISO 4217; the handle's unless given.")
    status: CampaignStatus = CampaignStatus.DRAFT
    ramp_percent: int = Field(100, ge=0, le=100)
    primary_link: PrimaryLinkBody | None = None


class CampaignChange(_Changeable):
    """Only the fields that are sent change; null takes a field back to its default."""

    model_config = example({"name": "New buyer funnel", "attributionWindowDays": 14})

    read_only = READ_ONLY

    name: Name | None = None
    reason: Reason | None = Field(None, description="Kept in the history; needed to loosen launchPolicy.")


class CopiedLink(Shape):
    from_: str = Field(alias="from", pattern=SLUG, description="A link of the campaign that is copied.")
    slug: str = Field(pattern=SLUG, description="The slug of its copy.")


class NewCopy(Shape):
    """A link that is not named in `links` is copied under its own slug with `-2`."""

    model_config = example(
        {"campaignId": "new-buyer-funnel-2", "links": [{"from": "buy-now", "slug": "buy-again"}]},
    )

    campaign_id: str = Field(pattern=CAMPAIGN_ID)
    name: Name | None = None
    links: list[CopiedLink] = Field(default=[], max_length=200)


class VariantView(View):
    variant_id: str
    number: int
    name: str
    weight: int
    destination_url: str | None
    control: bool
    enabled: bool


class CampaignView(View):
    campaign_id: str
    name: str
    goal_type: GoalType
    status: CampaignStatus
    tracking_preset: str
    event_type: str
    currency: str
    primary_slug: str | None
    variants: list[VariantView]
    counting_rule: CountingRule
    max_per_click: int
    max_value: str | None
    trusted_conversions: bool
    attribution_window_days: int
    ctx_ttl_seconds: int
    tag_policy: TagPolicyBody | None
    launch_policy: LaunchPolicy
    ramp_percent: int
    starts_at: str | None
    ends_at: str | None
    details_page_slug: str | None
    expected_rate: float | None
    minimum_lift: float | None
    decision_window_days: int
    embargo_until: str | None
    include_cookieless: bool
    receipt_ttl_hours: int
    pause_on_fail: bool
    epoch: int
    phase: int
    decided_variant_id: str | None
    created_at: str
    updated_at: str
    version: int


TIMES = ("starts_at", "ends_at", "embargo_until")


def view_of(campaign: Campaign) -> CampaignView:
    fields: dict[str, Any] = {
        name: getattr(campaign, name) for name in CampaignView.model_fields if hasattr(campaign, name)
    }
    fields |= {name: iso_or_none(fields[name]) for name in TIMES}
    fields |= {name: float(fields[name]) if fields[name] is not None else None for name in FRACTIONS}
    fields["created_at"], fields["updated_at"] = iso(campaign.created_at), iso(campaign.updated_at)
    fields["decided_variant_id"] = campaign.variant_id(campaign.decided_variant or 0)
    fields["variants"] = [_variant_view(variant) for variant in campaign.variants]
    fields["max_value"] = (
        None if campaign.max_value_minor is None else decimal_text(campaign.max_value_minor, campaign.currency)
    )
    fields["tag_policy"] = TagPolicyBody.of(**campaign.tag_policy) if campaign.tag_policy else None
    return CampaignView(**fields)


def _variant_view(variant: Variant) -> VariantView:
    return VariantView(**{name: getattr(variant, name) for name in VariantView.model_fields})
