"""Creating a campaign, with its variants and its primary link, in one transaction."""

from dataclasses import replace

from funnelproof.audit.act import Act
from funnelproof.campaigns import history, store
from funnelproof.campaigns.allocation import split_faults
from funnelproof.campaigns.campaign import Campaign, CampaignStatus, LaunchPolicy, NotReady
from funnelproof.campaigns.fields import WINDOW_DAYS, as_kept, defaults
from funnelproof.campaigns.numbering import number_variants
from funnelproof.campaigns.requests import NewCampaign
from funnelproof.clock import Micros
from funnelproof.errors import Fault, gathered, invalid_payload
from funnelproof.links import store as links
from funnelproof.links.address import AddressRules, destination_faults
from funnelproof.links.link import Link
from funnelproof.links.requests import link_faults
from funnelproof.money import check_currency
from funnelproof.storage.database import Transaction


def create(
    tx: Transaction, *, handle: str, body: NewCampaign, currency: str, rules: AddressRules, act: Act
) -> Campaign:
    """Create a campaign; `currency` is the handle's, taken unless the body names one."""
    faults = _faults_of_new(body)
    campaign = new_campaign(handle, body, currency, act.at, faults)
    link = _primary_link(campaign, body)
    faults += campaign_faults(campaign, rules)
    faults += binding_faults(tx, campaign) if link is None else link_faults(link, rules, "/primaryLink")
    if faults:
        raise invalid_payload(faults)
    if campaign.status is CampaignStatus.ACTIVE and campaign.launch_policy is not LaunchPolicy.OPEN:
        remedy = "Create it as DRAFT, run the test conversion, then move it to ACTIVE."
        raise NotReady(
            f"A campaign whose launch policy is {campaign.launch_policy} begins as DRAFT. {remedy}",
            faults=[Fault("/checks/receipts", "unknown", remedy)],
            missing=[{"check": "receipts", "status": "UNKNOWN", "remedy": remedy}],
        )
    _store(tx, campaign, link, act)
    return campaign


def new_campaign(handle: str, body: NewCampaign, currency: str, now: Micros, faults: list[Fault]) -> Campaign:
    """The campaign that a request asks for, all defaults filled in. What cannot be kept adds to `faults`."""
    money = None
    with gathered(faults):
        money = check_currency(body.currency or currency)
    told = {name: value for name, value in as_kept(body.changeable(), money, faults).items() if value is not None}
    fields = defaults(body.goal_type, told.get("attribution_window_days", WINDOW_DAYS)) | told
    if body.primary_link is not None:
        fields["primary_slug"] = body.primary_link.slug
    variants = number_variants(body.variants or [], before=(), next_number=1, ever=set(), faults=faults)
    return Campaign(
        handle=handle,
        campaign_id=body.campaign_id,
        name=body.name,
        goal_type=body.goal_type,
        status=body.status,
        currency=money or currency,
        ramp_percent=body.ramp_percent,
        epoch=1,
        phase=1,
        next_variant_number=len(variants) + 1,
        decided_variant=None,
        first_active_at=now if body.status is CampaignStatus.ACTIVE else None,
        created_at=now,
        updated_at=now,
        version=1,
        variants=variants,
        **fields,
    )


def check_campaign(campaign: Campaign, rules: AddressRules) -> None:
    faults = campaign_faults(campaign, rules)
    if faults:
        raise invalid_payload(faults)


def campaign_faults(campaign: Campaign, rules: AddressRules) -> list[Fault]:
    """What no shape can tell: a split that works, safe destinations, an end after the start."""
    faults: list[Fault] = []
    for at, variant in enumerate(campaign.variants):
        if variant.destination_url is not None:
            faults += destination_faults(variant.destination_url, f"/variants/{at}/destinationUrl", rules)
    if campaign.starts_at and campaign.ends_at and campaign.ends_at <= campaign.starts_at:
        faults.append(Fault("/endsAt", "invalid", "must be later than startsAt."))
    if campaign.decision_window_days > campaign.attribution_window_days:
        faults.append(Fault("/decisionWindowDays", "invalid", "must not exceed attributionWindowDays."))
    return faults + split_faults(campaign)


def binding_faults(tx: Transaction, campaign: Campaign) -> list[Fault]:
    """Why the link that `primarySlug` names cannot be this campaign's own; empty if it can, or none is named."""
    slug = campaign.primary_slug
    return [] if slug is None else _faults_of_binding(campaign, slug, links.find(tx, campaign.handle, slug))


def _faults_of_binding(campaign: Campaign, slug: str, link: Link | None) -> list[Fault]:
    if link is None:
        detail = f"no link {slug!r} in this handle; create it, or send primaryLink."
        return [Fault("/primarySlug", "invalid", detail)]
    if link.campaign_id in (None, campaign.campaign_id):
        return []
    return [Fault("/primarySlug", "invalid", f"the link {slug!r} belongs to the campaign {link.campaign_id!r}.")]


def bind_existing(tx: Transaction, campaign: Campaign, slug: str, now: Micros) -> None:
    """Make a link of this handle the campaign's own."""
    link = links.find(tx, campaign.handle, slug, to_change=True)
    if faults := _faults_of_binding(campaign, slug, link):
        raise invalid_payload(faults)
    if link is not None and link.campaign_id is None:
        links.replace(tx, replace(link, campaign_id=campaign.campaign_id, updated_at=now, version=link.version + 1))


def _faults_of_new(body: NewCampaign) -> list[Fault]:
    faults: list[Fault] = []
    if body.status not in (CampaignStatus.DRAFT, CampaignStatus.ACTIVE):
        faults.append(Fault("/status", "invalid", "must be DRAFT or ACTIVE: so a campaign begins."))
    if body.primary_slug is not None and body.primary_link is not None:
        faults.append(Fault("/primaryLink", "invalid", "stands beside primarySlug; send one of them."))
    return faults


def _primary_link(campaign: Campaign, body: NewCampaign) -> Link | None:
    if body.primary_link is None:
        return None
    return Link(
        handle=campaign.handle,
        slug=body.primary_link.slug,
        destination_url=body.primary_link.destination_url,
        title=body.primary_link.title,
        enabled=body.primary_link.enabled,
        campaign_id=campaign.campaign_id,
        created_at=campaign.created_at,
        updated_at=campaign.created_at,
    )


def _store(tx: Transaction, campaign: Campaign, link: Link | None, act: Act) -> None:
    store.add(tx, campaign, "created")
    if link is not None:
        links.add(tx, link)
    elif campaign.primary_slug is not None:
        bind_existing(tx, campaign, campaign.primary_slug, campaign.created_at)
    history.write(
        tx,
        campaign,
        at=act.at,
        act="created",
        actor=act.actor,
        to_status=campaign.status.value,
        request_id=act.request_id,
    )
