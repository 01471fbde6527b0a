"""Writing and removing links. A campaign's own link is part of what its variants mean, so this may begin an epoch."""

from dataclasses import replace

from funnelproof.audit.act import Act
from funnelproof.campaigns import store
from funnelproof.campaigns.allocation import after_change
from funnelproof.campaigns.campaign import Campaign
from funnelproof.campaigns.change import note_change
from funnelproof.errors import Fault, Problem, gathered, invalid_payload
from funnelproof.links import store as links
from funnelproof.links.address import AddressRules
from funnelproof.links.link import Link, LinkNotFound, LinkTakenDown, NoSuchCampaign
from funnelproof.links.requests import LinkBody, link_faults, link_of, view_of
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.web.etag import check_if_match


class LinkInUse(Problem):
    """This is a campaign's primary link. Give the campaign another `primarySlug` first, or send `enabled: false`."""

    kind, code, title = "conflict", "link_in_use", "The link is in use"


def put_link(
    tx: Transaction,
    *,
    handle: str,
    slug: str,
    body: LinkBody,
    password_hash: str | None,
    if_match: str | None,
    rules: AddressRules,
    public_url: str,
    act: Act,
) -> tuple[Link, bool]:
    """Write a link whole; answer it and whether it is new. Without a word on the password the present one stays."""
    before = links.find(tx, handle, slug, to_change=True)
    check_if_match(if_match, before.version if before else None)
    faults: list[Fault] = []
    if before is not None:
        with gathered(faults):
            body.check_read_only(view_of(_as_last_seen(before, body), public_url))
    kept_hash = before.password_hash if before and "password" not in body.given() else password_hash
    link = link_of(body, handle=handle, slug=slug, now=act.at, password_hash=kept_hash)
    if faults := faults + link_faults(link, rules):
        raise invalid_payload(faults)
    if link.campaign_id is not None and store.find(tx, handle, link.campaign_id) is None:
        raise NoSuchCampaign(f"The campaign {link.campaign_id!r} of this link does not exist; create it first.")
    if before is None:
        links.add(tx, link)
        return link, True
    return _replace(tx, before, link, act), False


def remove_link(tx: Transaction, handle: str, slug: str) -> None:
    link = links.find(tx, handle, slug, to_change=True)
    if link is None:
        raise LinkNotFound(f"This handle has no link {slug!r}; slugs are case-sensitive.")
    if link.taken_down_at is not None:
        raise LinkTakenDown
    if _campaign_led_by(tx, link) is not None:
        raise LinkInUse
    links.remove(tx, handle, slug)


def _as_last_seen(link: Link, body: LinkBody) -> Link:
    """Clicks go on between GET and PUT: an older `usedClicks` is no change."""
    seen = body.repeated.get("usedClicks")
    return replace(link, used_clicks=seen) if type(seen) is int and 0 <= seen <= link.used_clicks else link


def _replace(tx: Transaction, before: Link, told: Link, act: Act) -> Link:
    link = replace(
        told,
        created_at=before.created_at,
        used_clicks=before.used_clicks,
        taken_down_at=before.taken_down_at,
        version=before.version + 1,
    )
    if replace(link, updated_at=before.updated_at, version=before.version) == before:
        return before
    led = _campaign_led_by(tx, before)
    if led is not None and link.campaign_id != before.campaign_id:
        raise LinkInUse(f"This is the primary link of {led.campaign_id!r}; give that campaign another one first.")
    links.replace(tx, link)
    if led is not None:
        _begin_epoch_where_due(tx, led, before, link, act)
    return link


def _campaign_led_by(tx: Transaction, link: Link) -> Campaign | None:
    """The campaign whose primary link this is."""
    campaign = store.find(tx, link.handle, link.campaign_id) if link.campaign_id else None
    return campaign if campaign is not None and campaign.primary_slug == link.slug else None


def _begin_epoch_where_due(tx: Transaction, led: Campaign, before: Link, after: Link, act: Act) -> None:
    if before.destination_url == after.destination_url:
        return
    campaign = store.lock(tx, led.handle, led.campaign_id)
    entered = tallies.entries(tx, campaign.handle, store.LIVE, campaign.campaign_id, campaign.epoch) > 0
    destinations = (before.destination_url, after.destination_url)
    changed = after_change(campaign, campaign, somebody_entered=entered, destinations=destinations)
    if changed != campaign:
        reason = f"the address of {before.slug} changed"
        changed = replace(changed, updated_at=act.at, version=campaign.version + 1)
        store.replace(tx, campaign, changed, reason)
        note_change(tx, campaign, changed, act=act, reason=reason)
