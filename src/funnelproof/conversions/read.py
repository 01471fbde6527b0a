"""Reading conversions back: the list, and one with all that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from funnelproof.campaigns import store as campaigns
from funnelproof.clicks import store as clicks
from funnelproof.clock import Micros
from funnelproof.conversions import key_store, reversal_store, store
from funnelproof.conversions.conversion import Conversion, ConversionNotFound, Disposition
from funnelproof.conversions.page import page
from funnelproof.conversions.why import Told
from funnelproof.errors import invalid
from funnelproof.handles import settle as handles
from funnelproof.storage.database import Transaction
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import LIVE, NAMED


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a list is wanted; None asks nothing. Times are those of arrival: [since, until)."""

    handle: str
    campaign_id: str | None = None
    variant_id: str | None = None
    disposition: Disposition | None = None
    is_test: bool = False
    run: str | None = None
    since: Micros | None = None
    until: Micros | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    world: str
    made: Conversion
    variant_id: str | None


def list_conversions(tx: Transaction, asked: Asked, *, before: str | None, limit: int) -> list[Listed]:
    """Newest first; `before` is the conversion id last seen."""
    filters = {
        "campaign_id": asked.campaign_id,
        "variant": _variant_number(tx, asked),
        "disposition": asked.disposition.value if asked.disposition else None,
        "since": asked.since,
        "until": asked.until,
    }
    found = page(tx, asked.handle, _worlds(tx, asked), filters, before=before, limit=limit)
    names = campaigns.variant_names_of(tx, asked.handle, {made.campaign_id for _, made in found})
    return [Listed(world, made, names[made.campaign_id].get(made.variant)) for world, made in found]


def tell(tx: Transaction, handle: str, conversion_id: str) -> tuple[str, Told]:
    """The world of a conversion, and all that is known of it."""
    found = store.find(tx, handle, list(NAMED), conversion_id)
    if found is None:
        found = store.find(tx, handle, worlds.names_of(tx, handle), conversion_id)
    if found is None:
        raise ConversionNotFound
    name, made = found
    world = worlds.find(tx, handle, name)
    told = Told(
        made=made,
        owner=world.snapshot.handle if world else handles.existing(tx, handle),
        variant_id=campaigns.variant_names(tx, handle, made.campaign_id).get(made.variant),
        campaign=world.snapshot.campaign if world else campaigns.find(tx, handle, made.campaign_id),
        click=clicks.find_click(tx, handle, name, made.click_id),
        standing=clicks.find_standing(tx, handle, name, made.visitor_ref),
        key=key_store.key_row(tx, handle, name, made.idempotency_key),
        reversals=reversal_store.of_conversions(tx, handle, name, [conversion_id]).get(conversion_id, []),
    )
    return name, told


def _variant_number(tx: Transaction, asked: Asked) -> int | None:
    if asked.campaign_id is not None:
        campaigns.get(tx, asked.handle, asked.campaign_id)
    if asked.variant_id is None:
        return None
    if asked.campaign_id is None:
        raise invalid("query/variantId", "needs campaignId: each campaign has variants of its own.")
    names = campaigns.variant_names(tx, asked.handle, asked.campaign_id)
    number = next((number for number, name in names.items() if name == asked.variant_id), None)
    if number is None:
        known = ", ".join(names.values()) or "none"
        raise invalid("query/variantId", f"{asked.variant_id!r} is no variant of this campaign; there are: {known}.")
    return number


def _worlds(tx: Transaction, asked: Asked) -> Sequence[str]:
    if asked.run is not None:
        return [asked.run]
    if not asked.is_test:
        return [LIVE]
    if asked.campaign_id is not None:
        return worlds.opened_for(tx, asked.handle, asked.campaign_id)
    return worlds.names_of(tx, asked.handle)
