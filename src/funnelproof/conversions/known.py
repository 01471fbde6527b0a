"""Known keys: what a key stands for, and whether a claim under it says the same again."""

from collections.abc import Collection
from decimal import Decimal

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import iso
from funnelproof.conversions import store
from funnelproof.conversions.conversion import Claim, Conversion, Disposition, First, KeyReused
from funnelproof.conversions.store import KeyKind
from funnelproof.errors import Fault
from funnelproof.storage.database import Transaction


def known_keys(
    tx: Transaction, handle: str, world: str, wanted: Collection[str]
) -> tuple[dict[str, First], frozenset[str]]:
    """What keys were first sent with; and those that only a reversal has named so far, which waits for them."""
    known = store.known_keys(tx, handle, world, wanted)
    awaited = frozenset(name for name, key in known.items() if key.kind == KeyKind.AWAITED)
    ids = {key.subject_id for key in known.values() if key.kind == KeyKind.CONVERSION}
    stored = store.by_ids(tx, handle, world, ids)
    first = {
        name: First(key.subject_id, key.body_digest, key.received_at, stored.get(key.subject_id))
        for name, key in known.items()
        if name not in awaited
    }
    return first, awaited


def check_same(claim: Claim, first: First, campaign: Campaign | None) -> Conversion:
    """The first conversion, if the claim repeats it: bodies are equal, or what they come to is."""
    made = first.conversion
    if made is not None and claim.digest == first.digest:
        return made
    differs = ["/idempotencyKey"] if made is None else differences(claim, made, campaign)
    if made is None or differs:
        raise _key_reused(first, differs)
    return made


def differences(claim: Claim, first: Conversion, campaign: Campaign | None) -> list[str]:
    """JSON Pointers of what differs. Formatting is not meaning: 49.9 is 49.90."""
    same_event = (
        claim.event_type == first.event_type
        if claim.event_type is not None
        # Left out, it means the goal: that of the first time, or the present one.
        else first.disposition is not Disposition.OTHER_EVENT or _is_goal(first, campaign)
    )
    faults = [] if claim.ctx.click_id == first.click_id else ["/ctx"]
    faults += [] if same_event else ["/eventType"]
    return faults + _money_differences(claim, first, campaign)


def _is_goal(first: Conversion, campaign: Campaign | None) -> bool:
    return campaign is not None and campaign.event_type == first.event_type


def _money_differences(claim: Claim, first: Conversion, campaign: Campaign | None) -> list[str]:
    told, had = claim.value_text, first.value
    if told is None or had is None:
        return [] if told is None and had is None else ["/value"]
    currency = claim.currency or (campaign.currency if campaign else had.currency)
    faults = [] if Decimal(told) == Decimal(str(had)) else ["/value"]
    return faults if currency == had.currency else [*faults, "/currency"]


def _key_reused(first: First, differs: list[str]) -> KeyReused:
    faults = [Fault(pointer, "differs", "differs from what this key was first sent with.") for pointer in differs]
    fields = ", ".join(pointer.lstrip("/") for pointer in differs)
    detail = (
        f"This key already stands for {first.subject_id}, and {fields} {'differs' if len(differs) == 1 else 'differ'}. "
        "Send each order under a key of its own."
    )
    return KeyReused(
        detail,
        faults=faults,
        differs=differs,
        firstConversionId=first.subject_id,
        firstReceivedAt=iso(first.received_at),
    )
