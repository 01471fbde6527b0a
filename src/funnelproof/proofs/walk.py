"""Beginning a walk, and seeing the order that came back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from funnelproof.audit.act import Act
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import Micros, iso
from funnelproof.conversions import store as conversions
from funnelproof.errors import invalid
from funnelproof.ids import new_id
from funnelproof.links import store as links
from funnelproof.money import decimal_text
from funnelproof.notifications.outbox import subscribed_events
from funnelproof.pages import store as pages
from funnelproof.proofs.digest import configuration_of, digest_of
from funnelproof.proofs.receipt import NoPrimaryLink
from funnelproof.proofs.run import tested_variants, world_of
from funnelproof.storage.database import Transaction
from funnelproof.walks import store
from funnelproof.walks.walk import NoSuchWalk, Walk


def begin(tx: Transaction, handle: str, campaign_id: str, variant_id: str | None, *, act: Act) -> Walk:
    """A walk through one variant, in a world of its own by the real clock."""
    campaign = campaigns.get(tx, handle, campaign_id)
    own_links = links.of_campaign(tx, handle, campaign_id)
    primary = next((link for link in own_links if link.slug == campaign.primary_slug), None)
    if primary is None:
        raise NoPrimaryLink
    page = pages.facts_of(tx, handle, [campaign_id]).get(campaign_id)
    configuration = configuration_of(campaign, primary, page, subscribed_events(tx, handle))
    walk = Walk(
        handle,
        new_id("wlk"),
        campaign_id,
        _number(campaign, variant_id),
        primary.slug,
        digest_of(configuration),
        configuration,
        act.actor,
        act.at,
        act.request_id,
    )
    world_of(tx, campaign, own_links, world=walk.walk_id, seed=walk.walk_id, clock_at=act.at, at=act.at)
    store.add(tx, walk)
    return walk


def existing(tx: Transaction, handle: str, campaign_id: str, walk_id: str) -> Walk:
    """With the order that came back, also where the timed job has not seen it yet."""
    walk = store.find(tx, handle, walk_id)
    if walk is None or walk.campaign_id != campaign_id:
        raise NoSuchWalk
    return with_return(tx, walk)


def with_return(tx: Transaction, walk: Walk) -> Walk:
    if walk.returned_at is not None or walk.opened_at is None:
        return walk
    first = conversions.first_counted(tx, walk.handle, walk.walk_id, walk.campaign_id, walk.variant)
    if first is None:
        return walk
    minor, currency = first.value_minor, first.currency
    value = decimal_text(minor, currency) if minor is not None and currency is not None else None
    returned: dict[str, Any] = {
        "conversionId": first.conversion_id,
        "eventType": first.event_type,
        "value": value,
        "currency": first.currency,
        "clickedAt": iso(first.clicked_at),
        "seconds": max(0, first.received_at - first.clicked_at) // 1_000_000,
    }
    return replace(walk, returned_at=first.received_at, returned=returned)


class Returns:
    """Timed work: walks whose order has come back are told so, for health and the launch gate to read."""

    def __init__(self, now: Callable[[], Micros]) -> None:
        self._now = now

    def look(self, tx: Transaction) -> bool:
        return bool(store.back_unseen(tx, self._now()))

    def keep(self, tx: Transaction) -> int:
        for walk in store.back_unseen(tx, self._now()):
            seen = with_return(tx, walk)
            if seen.returned_at is not None and seen.returned is not None:
                store.note_return(tx, walk, seen.returned, seen.returned_at)
        return 0


def _number(campaign: Campaign, variant_id: str | None) -> int:
    walkable = {own: number for number, own in tested_variants(campaign)}
    if variant_id is None and not campaign.variants:
        return 0
    names = ", ".join(walkable) or "none"
    if variant_id is None:
        raise invalid("variantId", f"says which variant to walk; the campaign has {names}.", code="missing")
    if variant_id not in walkable:
        raise invalid("variantId", f"the campaign has no variant {variant_id!r} with weight; it has {names}.")
    return walkable[variant_id]
