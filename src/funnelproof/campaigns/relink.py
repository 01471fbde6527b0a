"""Writing and removing links. A campaign's own link is part of what its variants mean, so this may begin an epoch."""

from dataclasses import replace

from funnelproof.audit.act import Act
from funnelproof.campaigns import store
from funnelproof.campaigns.allocation import after_change
from funnelproof.campaigns.create import AddressRules
from funnelproof.errors import Problem
from funnelproof.links import store as links
from funnelproof.links.link import Link, LinkNotFound, NoSuchCampaign
from funnelproof.links.requests import LinkBody, check_link, link_of, view_of
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
    before = links.find(tx, handle, slug)
    check_if_match(if_match, before.version if before else None)
    if before is not None:
        body.check_read_only(view_of(before, public_url))
    kept_hash = before.password_hash if before and "password" not in body.given() else password_hash
    link = link_of(body, handle=handle, slug=slug, now=act.at, password_hash=kept_hash)
    if link.campaign_id is not None and store.find(tx, handle, link.campaign_id) is None:
        raise NoSuchCampaign(f"The campaign {link.campaign_id!r} of this link does not exist; create it first.")
    check_link(link, own_hosts=rules.own_hosts, allow_loopback=rules.allow_loopback)
    if before is None:
        links.add(tx, link)
        return link, True
    link = replace(link, created_at=before.created_at, used_clicks=before.used_clicks, version=before.version + 1)
    if replace(link, updated_at=before.updated_at, version=before.version) == before:
        return before, False
    links.replace(tx, link)
    _begin_epoch_where_due(tx, before, link, act)
    return link, False


def remove_link(tx: Transaction, handle: str, slug: str) -> None:
    link = links.find(tx, handle, slug)
    if link is None:
        raise LinkNotFound
    campaign = store.find(tx, handle, link.campaign_id) if link.campaign_id else None
    if campaign is not None and campaign.primary_slug == slug:
        raise LinkInUse
    links.remove(tx, handle, slug)


def _begin_epoch_where_due(tx: Transaction, before: Link, after: Link, act: Act) -> None:
    if before.destination_url == after.destination_url or before.campaign_id is None:
        return
    campaign = store.find(tx, before.handle, before.campaign_id)
    if campaign is None or campaign.primary_slug != before.slug:
        return
    entered = tallies.entries(tx, campaign.handle, store.LIVE, campaign.campaign_id, campaign.epoch) > 0
    destinations = (before.destination_url, after.destination_url)
    changed = after_change(campaign, campaign, somebody_entered=entered, destinations=destinations)
    if changed != campaign:
        changed = replace(changed, updated_at=act.at, version=campaign.version + 1)
        store.replace(tx, campaign, changed, f"the address of {before.slug} changed")
