"""Known keys: what a key stands for, and whether a claim under it says the same again."""

from collections.abc import Collection
from decimal import Decimal

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import iso
from funnelproof.conversions import key_store, store
from funnelproof.conversions.conversion import Claim, Conversion, Disposition, First, KeyReused
from funnelproof.conversions.key_store import KeyKind, KnownKey
from funnelproof.errors import Fault
from funnelproof.links.ctx import Cohort, Ctx
from funnelproof.storage.database import Transaction


def known_keys(
    tx: Transaction, handle: str, world: str, wanted: Collection[str]
) -> tuple[dict[str, First], frozenset[str]]:
    """What keys were first sent with; and those that only a reversal has named so far, which waits for them."""
    known = key_store.known_keys(tx, handle, world, wanted)
    awaited = frozenset(name for name, key in known.items() if key.kind == KeyKind.AWAITED)
    ids = {key.subject_id for key in known.values() if key.kind == KeyKind.CONVERSION}
    stored = store.by_ids(tx, handle, world, ids)
    first = {name: _first(name, key, stored.get(key.subject_id)) for name, key in known.items() if name not in awaited}
    return first, awaited


def _first(name: str, key: KnownKey, stored: Conversion | None) -> First:
    is_gone = stored is None and key.kind == KeyKind.CONVERSION
    made = _kept(name, key) if is_gone else stored
    return First(key.subject_id, key.body_digest, key.received_at, made, is_whole=not is_gone)


def _kept(name: str, key: KnownKey) -> Conversion:
    """What the key has kept of a conversion that retention has deleted; its ctx tells the rest once more."""
    return Conversion(
        conversion_id=key.subject_id,
        campaign_id="",
        idempotency_key=name,
        click_id=key.click_id,
        visitor="",
        slug="",
        variant=0,
        cohort=Cohort.NONE,
        epoch=0,
        phase=0,
        event_type=key.event_type,
        value_minor=key.value_minor,
        currency=key.currency,
        disposition=Disposition(key.disposition or Disposition.COUNTED),
        reason=None,
        in_test=False,
        clicked_at=0,
        occurred_at=key.received_at if key.occurred_at is None else key.occurred_at,
        received_at=key.received_at,
        customer=None,
        properties=None,
        request_id=None,
    )


def check_same(claim: Claim, first: First, campaign: Campaign | None) -> Conversion:
    """The first conversion, if the claim repeats it: bodies are equal, or what they come to is."""
    made = first.conversion
    is_equal = made is not None and claim.digest == first.digest
    differs = ["/idempotencyKey"] if made is None else [] if is_equal else differences(claim, made, campaign)
    if made is None or differs:
        raise _key_reused(first, differs)
    return made if first.is_whole else _told_again(made, claim.ctx)


def _told_again(kept: Conversion, ctx: Ctx) -> Conversion:
    """The claim repeats it, so its ctx is that of the same click."""
    return kept._replace(
        campaign_id=ctx.campaign,
        visitor=ctx.visitor,
        slug=ctx.slug,
        variant=ctx.variant,
        cohort=ctx.cohort,
        epoch=ctx.epoch,
        phase=ctx.phase,
        clicked_at=ctx.issued_at,
    )


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
