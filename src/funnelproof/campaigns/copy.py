"""Starting a new draft from a campaign: its settings, its plan, its variants and its links under other slugs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from funnelproof.audit.act import Act
from funnelproof.campaigns import history, store
from funnelproof.campaigns.campaign import Campaign, CampaignStatus
from funnelproof.campaigns.create import campaign_faults
from funnelproof.campaigns.requests import CopiedLink, NewCopy
from funnelproof.clock import Micros
from funnelproof.errors import Fault, invalid_payload
from funnelproof.links import store as links
from funnelproof.links.address import AddressRules
from funnelproof.links.link import Link, SlugTaken, is_slug
from funnelproof.links.requests import link_faults
from funnelproof.storage.database import Transaction

SUFFIX = "-2"
MOST_LINKS = 200


def copy(tx: Transaction, source: Campaign, body: NewCopy, *, rules: AddressRules, act: Act) -> Campaign:
    """A draft that has met nobody: numbers, epochs, decision, alarms and figures stay with the source."""
    found = links.of_campaign(tx, source.handle, source.campaign_id)
    faults: list[Fault] = []
    slugs = _new_slugs(found, body.links, faults)
    draft = _draft(source, body, slugs, act.at)
    copies = [_copied(link, draft, slugs[link.slug]) for link in found if link.slug in slugs]
    faults += campaign_faults(draft, rules) + _link_faults(copies, rules)
    if faults:
        raise invalid_payload(faults)
    store.add(tx, draft, f"copied from {source.campaign_id}")
    for link in copies:
        _add(tx, link)
    details = {"copyOf": source.campaign_id, "links": slugs}
    history.write(
        tx,
        draft,
        at=act.at,
        act="created",
        actor=act.actor,
        to_status=draft.status.value,
        request_id=act.request_id,
        details=details,
    )
    return draft


def _draft(source: Campaign, body: NewCopy, slugs: Mapping[str, str], now: Micros) -> Campaign:
    """Times are left behind, for they are those of the last test; a seal that is still to be opened goes along."""
    sealed = source.embargo_until if source.embargo_until is not None and source.embargo_until > now else None
    variants = tuple(replace(variant, number=number) for number, variant in enumerate(source.variants, start=1))
    return replace(
        source,
        campaign_id=body.campaign_id,
        name=body.name or source.name,
        status=CampaignStatus.DRAFT,
        primary_slug=slugs.get(source.primary_slug or ""),
        ramp_percent=100,
        starts_at=None,
        ends_at=None,
        details_page_slug=None,
        embargo_until=sealed,
        epoch=1,
        phase=1,
        next_variant_number=len(variants) + 1,
        decided_variant=None,
        first_active_at=None,
        created_at=now,
        updated_at=now,
        version=1,
        variants=variants,
    )


def _new_slugs(found: Sequence[Link], told: Sequence[CopiedLink], faults: list[Fault]) -> dict[str, str]:
    """The slug of each copied link by that of the link it comes from: as told, else with `-2`."""
    own = [link.slug for link in found]
    if len(own) > MOST_LINKS:
        faults.append(
            Fault("/links", "invalid", f"the campaign has {len(own)} links; at most {MOST_LINKS} are copied.")
        )
    asked: dict[str, str] = {}
    for at, link in enumerate(told):
        if link.from_ not in own:
            faults.append(Fault(f"/links/{at}/from", "invalid", f"the campaign has no link {link.from_!r}."))
        if link.from_ in asked:
            faults.append(Fault(f"/links/{at}/from", "invalid", f"{link.from_!r} stands twice; a link is copied once."))
        asked[link.from_] = link.slug
    slugs = {slug: asked.get(slug, slug + SUFFIX) for slug in own}
    return slugs if _fits(slugs, faults) else {}


def _fits(slugs: Mapping[str, str], faults: list[Fault]) -> bool:
    """Whether all of them may be slugs and no two are the same."""
    for source, slug in slugs.items():
        if not is_slug(slug):
            detail = f"{slug!r} is too long for a slug; say under which slug {source!r} is to be copied."
            faults.append(Fault("/links", "invalid", detail))
        if list(slugs.values()).count(slug) > 1:
            faults.append(Fault("/links", "invalid", f"two links would have the slug {slug!r}; each needs its own."))
    return not faults


def _link_faults(copies: Sequence[Link], rules: AddressRules) -> list[Fault]:
    """An address that was allowed once may not be so any more."""
    return [fault for link in copies for fault in link_faults(link, rules, f"/links/{link.slug}")]


def _copied(link: Link, draft: Campaign, slug: str) -> Link:
    """Its times are left behind, and nobody has used any of its clicks."""
    timeless = replace(link, scheduled_start_at=None, scheduled_end_at=None, expires_at=None)
    return replace(
        timeless,
        slug=slug,
        campaign_id=draft.campaign_id,
        used_clicks=0,
        created_at=draft.created_at,
        updated_at=draft.created_at,
        version=1,
    )


def _add(tx: Transaction, link: Link) -> None:
    try:
        links.add(tx, link)
    except SlugTaken:
        raise SlugTaken(
            f"Another link of this handle has the slug {link.slug!r}. Name another one for the copy in `links`."
        ) from None
