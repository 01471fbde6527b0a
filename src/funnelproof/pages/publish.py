"""Publishing: an immutable version, and the pointer to it, switched in one transaction. A rollback is the same."""

from dataclasses import replace

from funnelproof.audit.act import Act
from funnelproof.campaigns import history
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.ids import new_id
from funnelproof.links.address import AddressRules
from funnelproof.notifications.outbox import announce
from funnelproof.notifications.webhook import Event
from funnelproof.pages import store
from funnelproof.pages.draft import check_content
from funnelproof.pages.page import Content, Deployment, Page, PageNotFound, Published, Version
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies


def publish(
    tx: Transaction, handle: str, campaign_id: str, *, version: int | None, rules: AddressRules, act: Act
) -> tuple[Published, bool]:
    """What is published now, and whether it was not before. `version` None publishes the draft.

    The campaign is locked first, as everywhere: its epoch may begin with what its variants now say.
    """
    campaign = campaigns.lock(tx, handle, campaign_id)
    page = store.lock(tx, handle, campaign_id)
    if page is None:
        raise PageNotFound
    before = store.published(tx, handle, campaign_id)
    wanted = _draft_as_version(tx, page) if version is None else store.version(tx, handle, campaign_id, version)
    if before is not None and before.version.version == wanted.version:
        return before, False
    check_content(wanted.content, campaign, rules)
    store.take_slug(tx, page, wanted.content.slug)
    if wanted.version > page.last_version:
        store.freeze(tx, page, wanted, by=act.actor, at=act.at)
    deployment = _deployment(page, wanted, is_rollback=version is not None, act=act)
    store.deploy(tx, _pointing_at(page, wanted, deployment, act), deployment)
    fact = {"campaignId": campaign_id, "version": wanted.version, "deploymentId": deployment.deployment_id}
    announce(tx, handle, Event.PAGE_PUBLISHED, [fact], at=act.at)
    _note(tx, campaign, before.content if before else None, wanted, deployment, act)
    return Published(handle, campaign_id, wanted, deployment), True


def _draft_as_version(tx: Transaction, page: Page) -> Version:
    """The version that has the draft's content already, else the next one."""
    digest = page.draft.digest
    return store.version_with(tx, page, digest) or Version(page.last_version + 1, page.draft, digest)


def _deployment(page: Page, wanted: Version, *, is_rollback: bool, act: Act) -> Deployment:
    return Deployment(
        handle=page.handle,
        campaign_id=page.campaign_id,
        deployment_id=new_id("dep"),
        version=wanted.version,
        replaced_version=page.published_version,
        is_rollback=is_rollback,
        published_by=act.actor,
        published_at=act.at,
        request_id=act.request_id,
    )


def _pointing_at(page: Page, wanted: Version, deployment: Deployment, act: Act) -> Page:
    return replace(
        page,
        published_version=deployment.version,
        deployment_id=deployment.deployment_id,
        slug=wanted.content.slug,
        access_mode=wanted.content.access_mode,
        last_version=max(page.last_version, deployment.version),
        updated_at=act.at,
    )


def _note(
    tx: Transaction, campaign: Campaign, before: Content | None, wanted: Version, deployment: Deployment, act: Act
) -> None:
    """A line of the campaign's history; and a new epoch, where people have entered and variants say other things."""
    own_before = before.own_texts if before else {}
    details = {"version": wanted.version, "deploymentId": deployment.deployment_id, "slug": wanted.content.slug}
    if own_before != wanted.content.own_texts and _somebody_entered(tx, campaign):
        campaign, before_epoch = _in_next_epoch(campaign, act), campaign
        campaigns.replace(tx, before_epoch, campaign, f"page v{wanted.version}: other texts of the variants")
        details |= {"epoch": campaign.epoch, "phase": campaign.phase}
    history.write(
        tx, campaign, at=act.at, act="page published", actor=act.actor, request_id=act.request_id, details=details
    )


def _somebody_entered(tx: Transaction, campaign: Campaign) -> bool:
    return tallies.entries(tx, campaign.handle, campaigns.LIVE, campaign.campaign_id, campaign.epoch) > 0


def _in_next_epoch(campaign: Campaign, act: Act) -> Campaign:
    return replace(campaign, epoch=campaign.epoch + 1, phase=1, updated_at=act.at, version=campaign.version + 1)
