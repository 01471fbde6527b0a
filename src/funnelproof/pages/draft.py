"""Writing a page's draft: nothing is stored unless all of it can be published as it stands."""

from dataclasses import replace

from funnelproof.audit.act import Act
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.errors import Fault, Invalid, gathered, invalid_payload
from funnelproof.links.address import AddressRules
from funnelproof.pages import store
from funnelproof.pages.page import Content, Page, check_slug
from funnelproof.pages.rules import rule_faults
from funnelproof.pages.structure import MOST_FAULTS, document_faults
from funnelproof.storage.database import Transaction
from funnelproof.web.etag import PreconditionRequired, check_if_match, etag_of


def write_draft(
    tx: Transaction,
    handle: str,
    campaign_id: str,
    content: Content,
    *,
    if_match: str | None,
    rules: AddressRules,
    act: Act,
) -> tuple[Page, bool]:
    """The page with its new draft, and whether it is the page's first. What stands already is no change."""
    campaign = campaigns.get(tx, handle, campaign_id)
    before = store.lock(tx, handle, campaign_id)
    check_precondition(if_match, before)
    check_content(content, campaign, rules)
    if before is not None and before.draft == content:
        return before, False
    after = first_page(campaign, content, act) if before is None else _next(before, content, act)
    store.take_slug(tx, after, content.slug)
    if before is None:
        if not store.add(tx, after):
            raise PreconditionRequired(etag=etag_of(1))
        return after, True
    store.let_go_of_slugs(tx, after, but=content.slug)
    store.replace(tx, after)
    return after, False


def check_precondition(if_match: str | None, before: Page | None) -> None:
    """Where a draft stands, whoever writes says which one they have read."""
    if before is not None and if_match is None:
        raise PreconditionRequired(etag=etag_of(before.draft_revision))
    check_if_match(if_match, before.draft_revision if before else None)


def check_content(content: Content, campaign: Campaign, rules: AddressRules) -> None:
    """All that is wrong with a page's content, at once."""
    faults: list[Fault] = []
    with gathered(faults):
        check_slug(content.slug)
    faults += content_faults(content, campaign, rules)
    if faults:
        raise as_refusal(faults)


def content_faults(content: Content, campaign: Campaign, rules: AddressRules) -> list[Fault]:
    faults = document_faults(content.structure_type, content.document)
    ids = [variant.variant_id for variant in campaign.variants]
    return faults or rule_faults(content.document, ids, rules)[:MOST_FAULTS]


def as_refusal(faults: list[Fault]) -> Invalid:
    """Names within a document are the author's as well as ours, so its code is that of the document."""
    told = invalid_payload(faults)
    if all(fault.pointer.startswith("/document") for fault in faults):
        told.code = "invalid_document"
    return told


def first_page(campaign: Campaign, content: Content, act: Act) -> Page:
    """A page with nothing but a draft."""
    return Page(
        handle=campaign.handle,
        campaign_id=campaign.campaign_id,
        draft=content,
        draft_revision=1,
        drafted_by=act.actor,
        drafted_at=act.at,
        published_version=None,
        deployment_id=None,
        slug=None,
        access_mode=None,
        last_version=0,
        created_at=act.at,
        updated_at=act.at,
    )


def _next(before: Page, content: Content, act: Act) -> Page:
    written = replace(before, draft=content, drafted_by=act.actor, drafted_at=act.at, updated_at=act.at)
    return replace(written, draft_revision=before.draft_revision + 1)
