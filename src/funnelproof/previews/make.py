"""Making a preview link, and taking it back."""

from funnelproof.audit.act import Act
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.errors import invalid
from funnelproof.ids import new_id
from funnelproof.links import store as links
from funnelproof.links.link import LinkNotFound
from funnelproof.previews import store
from funnelproof.previews.preview import LIFE, NoSuchPreview, Preview
from funnelproof.storage.database import Transaction


def make(tx: Transaction, handle: str, slug: str, variant_id: str | None, *, act: Act) -> Preview:
    """For an hour. Whatever the campaign's status: a draft is what one most wants to look at."""
    link = links.find(tx, handle, slug)
    if link is None:
        raise LinkNotFound(f"This handle has no link {slug!r}; slugs are case-sensitive.")
    campaign = campaigns.find(tx, handle, link.campaign_id) if link.campaign_id else None
    preview = Preview(
        handle=handle,
        preview_id=new_id("shr"),
        slug=slug,
        campaign_id=link.campaign_id,
        variant=_number(campaign, variant_id),
        made_by=act.actor,
        made_at=act.at,
        expires_at=act.at + LIFE,
    )
    store.add(tx, preview)
    return preview


def revoke(tx: Transaction, handle: str, slug: str, preview_id: str, *, act: Act) -> None:
    preview = store.find(tx, handle, preview_id)
    if preview is None or preview.slug != slug or not preview.is_open(act.at):
        raise NoSuchPreview
    store.revoke(tx, preview, act.at)


def _number(campaign: Campaign | None, variant_id: str | None) -> int:
    variants = campaign.variants if campaign else ()
    if variant_id is None and not variants:
        return 0
    names = ", ".join(own.variant_id for own in variants) or "none"
    if variant_id is None:
        raise invalid("variantId", f"says which variant to show; the campaign has {names}.", code="missing")
    found = next((own.number for own in variants if own.variant_id == variant_id), None)
    if found is None:
        raise invalid("variantId", f"the link leads to no variant {variant_id!r}; it has {names}.")
    return found
