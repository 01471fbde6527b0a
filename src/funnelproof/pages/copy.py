"""A campaign's page goes along when the campaign is copied: its draft, under a slug of its own, published nowhere."""

from dataclasses import replace

from funnelproof.audit.act import Act
from funnelproof.campaigns.campaign import Campaign
from funnelproof.pages import store
from funnelproof.pages.draft import first_page
from funnelproof.pages.page import RESERVED_SLUGS, Page, is_page_slug
from funnelproof.storage.database import Transaction

MOST_TRIED = 99


def copy_page(tx: Transaction, source: Campaign, made: Campaign, act: Act) -> Page | None:
    """None where the source has no page."""
    page = store.find(tx, source.handle, source.campaign_id)
    if page is None:
        return None
    slug = next(slug for slug in _slugs(made.campaign_id) if store.owner_of(tx, made.handle, slug) is None)
    copied = first_page(made, replace(page.draft, slug=slug), act)
    store.take_slug(tx, copied, slug)
    store.add(tx, copied)
    return copied


def _slugs(campaign_id: str) -> list[str]:
    """The campaign's own name, then the same with a number."""
    tried = [campaign_id, *(f"{campaign_id[:56].rstrip('-')}-{number}" for number in range(2, MOST_TRIED))]
    return [slug for slug in tried if is_page_slug(slug) and slug not in RESERVED_SLUGS]
