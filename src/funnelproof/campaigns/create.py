"""Creating a campaign, with its variants and its primary link, in one transaction."""

from dataclasses import dataclass, replace

from funnelproof.audit.act import Act
from funnelproof.campaigns import store
from funnelproof.campaigns.allocation import check_variants
from funnelproof.campaigns.campaign import (
    PRESETS,
    Campaign,
    CampaignStatus,
    LaunchPolicy,
    NotReady,
    default_ctx_ttl_seconds,
)
from funnelproof.campaigns.requests import NewCampaign, VariantBody, fraction_text
from funnelproof.campaigns.variants import Variant
from funnelproof.clock import Micros
from funnelproof.errors import Fault, invalid, invalid_payload
from funnelproof.links import store as links
from funnelproof.links.address import destination_faults
from funnelproof.links.link import Link
from funnelproof.links.requests import check_link
from funnelproof.money import check_currency, read_money
from funnelproof.storage.database import Transaction

DEFAULT_MAX_PER_CLICK = 100
DEFAULT_WINDOW_DAYS = 30
DEFAULT_DECISION_DAYS = 7
DEFAULT_RECEIPT_TTL_HOURS = 168


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Which destinations this installation allows."""

    own_hosts: frozenset[str]
    allow_loopback: bool


def create(
    tx: Transaction, *, handle: str, body: NewCampaign, currency: str, rules: AddressRules, act: Act
) -> Campaign:
    """Create a campaign; `currency` is the handle's, taken unless the body names one."""
    campaign = new_campaign(handle, body, currency, act.at)
    check_campaign(campaign, rules)
    if body.status not in (CampaignStatus.DRAFT, CampaignStatus.ACTIVE):
        raise invalid("status", "a campaign begins as DRAFT or ACTIVE.")
    if body.status is CampaignStatus.ACTIVE and campaign.launch_policy is not LaunchPolicy.OPEN:
        raise NotReady(
            "A guarded campaign begins as DRAFT: test it first, then move it to ACTIVE.", missing=["receipts"]
        )
    store.add(tx, campaign, "created")
    _bind_primary(tx, campaign, body, rules)
    store.write_history(
        tx,
        campaign,
        at=act.at,
        act="created",
        actor=act.actor,
        to_status=campaign.status.value,
        request_id=act.request_id,
    )
    return campaign


def new_campaign(handle: str, body: NewCampaign, currency: str, now: Micros) -> Campaign:
    """The campaign that a request asks for, all defaults filled in."""
    preset = PRESETS[body.goal_type]
    window = body.attribution_window_days or DEFAULT_WINDOW_DAYS
    money = check_currency(body.currency or currency)
    if body.primary_slug is not None and body.primary_link is not None:
        raise invalid("primaryLink", "send either primarySlug or primaryLink, not both.")
    numbered = number_variants(body.variants or [], before=(), next_number=1, ever=set())
    return Campaign(
        handle=handle,
        campaign_id=body.campaign_id,
        name=body.name,
        goal_type=body.goal_type,
        status=body.status,
        tracking_preset=body.tracking_preset or preset.tracking_preset,
        event_type=body.event_type or preset.event_type,
        currency=money,
        primary_slug=body.primary_link.slug if body.primary_link else body.primary_slug,
        counting_rule=body.counting_rule or preset.counting_rule,
        max_per_click=DEFAULT_MAX_PER_CLICK if body.max_per_click is None else body.max_per_click,
        max_value_minor=read_money(body.max_value, money, "maxValue").minor if body.max_value else None,
        trusted_conversions=bool(body.trusted_conversions),
        attribution_window_days=window,
        ctx_ttl_seconds=body.ctx_ttl_seconds or default_ctx_ttl_seconds(window),
        tag_policy=body.tag_policy.model_dump() if body.tag_policy else None,
        launch_policy=body.launch_policy or LaunchPolicy.OPEN,
        ramp_percent=body.ramp_percent,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        details_page_slug=body.details_page_slug,
        expected_rate=fraction_text(body.expected_rate),
        minimum_lift=fraction_text(body.minimum_lift),
        decision_window_days=body.decision_window_days or min(DEFAULT_DECISION_DAYS, window),
        embargo_until=body.embargo_until,
        include_cookieless=bool(body.include_cookieless),
        receipt_ttl_hours=body.receipt_ttl_hours or DEFAULT_RECEIPT_TTL_HOURS,
        epoch=1,
        phase=1,
        next_variant_number=len(numbered) + 1,
        decided_variant=None,
        first_active_at=now if body.status is CampaignStatus.ACTIVE else None,
        created_at=now,
        updated_at=now,
        version=1,
        variants=numbered,
    )


def number_variants(
    bodies: list[VariantBody], *, before: tuple[Variant, ...], next_number: int, ever: set[str]
) -> tuple[Variant, ...]:
    """Variants as asked for: known ids keep their number, new ones get the next; `ever` are all ids given so far."""
    known = {variant.variant_id: variant for variant in before}
    faults = _id_faults(bodies, taken=ever - set(known))
    if faults:
        raise invalid_payload(faults)
    chosen = next((body.variant_id for body in bodies if body.control), None)
    chosen = chosen or next((variant.variant_id for variant in before if variant.control), None)
    if chosen not in {body.variant_id for body in bodies}:
        chosen = bodies[0].variant_id if bodies else None
    numbered: list[Variant] = []
    for body in bodies:
        number = known[body.variant_id].number if body.variant_id in known else next_number
        next_number += body.variant_id not in known
        is_control = bool(body.control) or (body.control is None and body.variant_id == chosen)
        name = body.name or (known[body.variant_id].name if body.variant_id in known else body.variant_id)
        numbered.append(
            Variant(number, body.variant_id, name, body.weight, body.destination_url, is_control, body.enabled)
        )
    return tuple(numbered)


def check_campaign(campaign: Campaign, rules: AddressRules) -> None:
    """What no shape can tell: a split that works, safe destinations, an end after the start."""
    faults = [
        fault
        for at, variant in enumerate(campaign.variants)
        if variant.destination_url is not None
        for fault in destination_faults(
            variant.destination_url,
            f"/variants/{at}/destinationUrl",
            own_hosts=rules.own_hosts,
            allow_loopback=rules.allow_loopback,
        )
    ]
    if campaign.starts_at and campaign.ends_at and campaign.ends_at <= campaign.starts_at:
        faults.append(Fault("/endsAt", "invalid", "must be later than startsAt."))
    if campaign.decision_window_days > campaign.attribution_window_days:
        faults.append(Fault("/decisionWindowDays", "invalid", "must not exceed attributionWindowDays."))
    if faults:
        raise invalid_payload(faults)
    check_variants(campaign)


def bind_existing(tx: Transaction, campaign: Campaign, slug: str, now: Micros) -> None:
    """Make a link of this handle the campaign's own."""
    link = links.find(tx, campaign.handle, slug)
    if link is None:
        raise invalid("primarySlug", f"no link {slug!r} in this handle; create it, or send primaryLink.")
    if link.campaign_id not in (None, campaign.campaign_id):
        raise invalid("primarySlug", f"the link {slug!r} belongs to the campaign {link.campaign_id!r}.")
    if link.campaign_id is None:
        links.replace(tx, replace(link, campaign_id=campaign.campaign_id, updated_at=now, version=link.version + 1))


def _bind_primary(tx: Transaction, campaign: Campaign, body: NewCampaign, rules: AddressRules) -> None:
    if body.primary_slug is not None:
        bind_existing(tx, campaign, body.primary_slug, campaign.created_at)
    if body.primary_link is None:
        return
    link = Link(
        handle=campaign.handle,
        slug=body.primary_link.slug,
        destination_url=body.primary_link.destination_url,
        title=body.primary_link.title,
        enabled=body.primary_link.enabled,
        campaign_id=campaign.campaign_id,
        created_at=campaign.created_at,
        updated_at=campaign.created_at,
    )
    check_link(link, own_hosts=rules.own_hosts, allow_loopback=rules.allow_loopback, pointer="/primaryLink")
    links.add(tx, link)


def _id_faults(bodies: list[VariantBody], *, taken: set[str]) -> list[Fault]:
    faults: list[Fault] = []
    seen: set[str] = set()
    for at, body in enumerate(bodies):
        if body.variant_id in seen:
            faults.append(Fault(f"/variants/{at}/variantId", "invalid", f"{body.variant_id!r} stands twice."))
        if body.variant_id in taken:
            detail = f"{body.variant_id!r} was a variant once and deleted; ids are never given again."
            faults.append(Fault(f"/variants/{at}/variantId", "invalid", detail))
        seen.add(body.variant_id)
    return faults
