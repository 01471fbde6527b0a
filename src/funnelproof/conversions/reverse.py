"""Taking a conversion back, wholly or in part, whichever of the two comes first: one reversal, one transaction."""

from decimal import Decimal
from typing import NamedTuple

from funnelproof.access.caller import HandleNotFound
from funnelproof.clock import iso
from funnelproof.conversions import key_store, reversal_store, store
from funnelproof.conversions.conversion import Conversion, ConversionNotFound, KeyReused
from funnelproof.conversions.key_store import KeyKind, KnownKey
from funnelproof.conversions.meet import apply
from funnelproof.conversions.reversal import NewReversal, Reversal, check_time, taken_back, waiting
from funnelproof.conversions.setting import Setting, find_setting
from funnelproof.errors import Fault, invalid
from funnelproof.links.ctx import InvalidCtx, Mode
from funnelproof.money import decimal_text
from funnelproof.notifications.outbox import announce
from funnelproof.notifications.webhook import Event
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import Moves
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import LIVE, NAMED, RunClosed


class Reversed(NamedTuple):
    """`is_new` is false for a repeat, which answers the first reversal and moves nothing."""

    reversal: Reversal
    mode: Mode
    world: str
    is_new: bool
    moved_worlds: frozenset[str] = frozenset()


def reverse(tx: Transaction, told: NewReversal) -> Reversed:
    """Store a reversal once. It moves figures if its conversion is COUNTED, and waits if that has not come yet."""
    named = _named(tx, told)
    setting = _setting(tx, told, named[0] if named else told.run or LIVE)
    known = key_store.known_keys(tx, told.handle, setting.world, [told.key]).get(told.key)
    if known is not None:
        return _repeated(tx, setting, told, known)
    if told.conversion_id is not None and named is None:
        raise ConversionNotFound
    if not setting.is_open:
        raise RunClosed
    now = setting.now(told.received_at)
    check_time(told.occurred_at, now)
    own = waiting(told, now)
    made = _met(tx, setting, told, own)
    moves = Moves()
    if made is not None:
        earlier = reversal_store.of_conversions(tx, told.handle, setting.world, [made.conversion_id])
        amount = taken_back(made, earlier.get(made.conversion_id, []), told.amount_text)
        [own] = apply(tx, setting, [(own._replace(amount_minor=amount), made)], now, moves)
    reversal_store.add(tx, told.handle, setting.world, own)
    tallies.move(tx, moves)
    if setting.world == LIVE:
        announce(tx, told.handle, Event.CONVERSION_REVERSED, [_fact(own)], at=told.received_at)
    return Reversed(own, setting.mode, setting.world, is_new=True, moved_worlds=frozenset(moves.worlds))


def _fact(own: Reversal) -> dict[str, object]:
    has_amount = own.amount_minor is not None and own.currency is not None
    return {
        "reversalId": own.reversal_id,
        "conversionId": own.conversion_id,
        "conversionKey": own.conversion_key,
        "amount": decimal_text(own.amount_minor or 0, own.currency or "") if has_amount else None,
        "currency": own.currency,
    }


def _named(tx: Transaction, told: NewReversal) -> tuple[str, Conversion] | None:
    """(world, conversion) of an id: live, of a preview, or in whichever run it lies."""
    if told.conversion_id is None:
        return None
    if told.run is not None:
        return store.find(tx, told.handle, [told.run], told.conversion_id)
    found = store.find(tx, told.handle, list(NAMED), told.conversion_id)
    return found or store.find(tx, told.handle, worlds.names_of(tx, told.handle), told.conversion_id)


def _setting(tx: Transaction, told: NewReversal, world: str) -> Setting:
    try:
        if world in NAMED:
            return find_setting(tx, (told.handle, NAMED[world], 0), ())
        run = worlds.find(tx, told.handle, world)
        if run is not None:
            return find_setting(tx, (told.handle, Mode.TEST, run.number), ())
    except InvalidCtx:
        raise HandleNotFound from None
    raise invalid("query/run", f"{world[:64]!r} is no test run of this handle; take its runId.")


def _met(tx: Transaction, setting: Setting, told: NewReversal, own: Reversal) -> Conversion | None:
    """The conversion, locked; None if it has not come yet. Keys are taken here: whoever comes second finds them."""
    key = told.conversion_key
    known = key_store.known_keys(tx, told.handle, setting.world, [key]).get(key) if key else None
    awaits = key if key and known is None else None
    key_store.take_reversal_key(tx, told.handle, setting.world, own, digest=told.digest, awaits=awaits)
    conversion_id = told.conversion_id
    if key is not None:
        named = key_store.lock_key(tx, told.handle, setting.world, key)
        if named is not None and named.kind == KeyKind.REVERSAL:
            raise invalid("conversionKey", "stands for a reversal; send the key of the conversion.")
        if named is None or named.kind == KeyKind.AWAITED:
            return None
        conversion_id = named.subject_id
    made = store.lock(tx, told.handle, setting.world, conversion_id or "")
    if made is None:
        raise ConversionNotFound("The row of this conversion is no longer kept, so it cannot be reversed any more.")
    return made


def _repeated(tx: Transaction, setting: Setting, told: NewReversal, known: KnownKey) -> Reversed:
    """The first reversal, if this one says the same again: of the same conversion, by the same amount."""
    first = None
    if known.kind == KeyKind.REVERSAL:
        first = reversal_store.find(tx, told.handle, setting.world, known.subject_id)
    differs = ["/idempotencyKey"] if first is None else _differences(told, first)
    if first is None or differs:
        raise _key_reused(known, differs)
    key_store.count_repeats(tx, told.handle, setting.world, {told.key: 1}, setting.now(told.received_at))
    return Reversed(first, setting.mode, setting.world, is_new=False)


def _differences(told: NewReversal, first: Reversal) -> list[str]:
    """JSON Pointers of what differs. Left out, an amount means what was taken back; 5 is 5.00."""
    faults = []
    if told.conversion_id is not None and told.conversion_id != first.conversion_id:
        faults.append("/conversionId")
    if told.conversion_key is not None and told.conversion_key != first.conversion_key:
        faults.append("/conversionKey")
    return faults if _amount(told.amount_text, first) == _amount(first.told_amount, first) else [*faults, "/amount"]


def _amount(text: str | None, first: Reversal) -> Decimal | None:
    if text is not None:
        return Decimal(text)
    if first.amount_minor is None or first.currency is None:
        return None
    return Decimal(decimal_text(first.amount_minor, first.currency))


def _key_reused(known: KnownKey, differs: list[str]) -> KeyReused:
    fields = ", ".join(pointer.lstrip("/") for pointer in differs)
    verb = "differs" if len(differs) == 1 else "differ"
    return KeyReused(
        f"This key already stands for {known.subject_id}, and {fields} {verb}. "
        "Send each reversal under a key of its own.",
        faults=[Fault(pointer, "differs", "differs from what this key was first sent with.") for pointer in differs],
        differs=differs,
        firstReversalId=known.subject_id,
        firstReceivedAt=iso(known.received_at),
    )
