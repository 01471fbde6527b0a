"""Where reversals and conversions meet, whichever came first: a reversal takes over all by which it is counted."""

from collections.abc import Sequence

from funnelproof.clicks import store as visitors
from funnelproof.clicks.assignment import Standing
from funnelproof.clicks.store import ClickPlace
from funnelproof.clock import Micros
from funnelproof.conversions import reversal_store
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.conversions.count import NOWHERE
from funnelproof.conversions.reduce import reduce
from funnelproof.conversions.reversal import Reversal, ReversalStatus, counted_at, taken_back
from funnelproof.conversions.setting import Setting
from funnelproof.errors import Problem
from funnelproof.storage.database import Transaction
from funnelproof.tallies.move import Moves

Pair = tuple[Reversal, Conversion]
"""A reversal whose amount is settled, and the conversion that it takes back."""


def apply(tx: Transaction, setting: Setting, pairs: Sequence[Pair], now: Micros, moves: Moves) -> list[Reversal]:
    """Reversals of conversions as these stand now, yet to be stored; those of counted ones move what they have to."""
    if not pairs:
        return []
    scope = (setting.handle, setting.world)
    standings = visitors.lock_standings(tx, *scope, {made.visitor_ref for _, made in pairs})
    places = visitors.places_of(tx, *scope, {made.click_id for _, made in pairs})
    applied = [
        _of(own, made, places.get(made.click_id, NOWHERE), standings.get(made.visitor_ref), now) for own, made in pairs
    ]
    reduce(tx, setting, applied, standings, moves)
    return applied


def apply_awaiting(tx: Transaction, setting: Setting, arrived: Sequence[Conversion], moves: Moves) -> None:
    """Conversions that reversals have waited for have come. What is more than they can give back goes on waiting."""
    if not arrived:
        return
    scope = (setting.handle, setting.world)
    waiting = reversal_store.awaiting(tx, *scope, {each.idempotency_key for each in arrived})
    pairs: list[Pair] = []
    refused: list[Reversal] = []
    for made in arrived:
        fitting: list[Reversal] = []
        for own in waiting.get(made.idempotency_key, []):
            try:
                amount = taken_back(made, fitting, own.told_amount)
            except Problem as problem:
                refused.append(own._replace(note=problem.detail))
            else:
                fitting.append(own._replace(amount_minor=amount))
        pairs += [(own, made) for own in fitting]
    now = max((each.received_at for each in arrived), default=0)
    reversal_store.change(tx, *scope, [*apply(tx, setting, pairs, now, moves), *refused])


def apply_earlier(tx: Transaction, setting: Setting, released: Sequence[Conversion], now: Micros, moves: Moves) -> None:
    """Reversals of conversions that were held until now: they move figures together with these."""
    counted = {each.conversion_id: each for each in released if each.disposition is Disposition.COUNTED}
    scope = (setting.handle, setting.world)
    earlier = reversal_store.of_conversions(tx, *scope, counted.keys())
    pairs = [(own, counted[conversion_id]) for conversion_id, some in sorted(earlier.items()) for own in some]
    reversal_store.change(tx, *scope, apply(tx, setting, pairs, now, moves))


def _of(own: Reversal, made: Conversion, place: ClickPlace, standing: Standing | None, now: Micros) -> Reversal:
    is_first = standing is not None and standing.first_at == made.clicked_at
    return own._replace(
        status=ReversalStatus.APPLIED,
        conversion_id=made.conversion_id,
        conversion_key=made.idempotency_key,
        currency=made.currency if made.value_minor is not None else None,
        counted=made.disposition is Disposition.COUNTED,
        in_test=made.in_test,
        credited=made.credited,
        campaign_id=made.campaign_id,
        visitor=made.visitor,
        variant=made.variant,
        slug=made.slug,
        **place._asdict(),
        segment="new" if is_first else "returning",
        counts_at=counted_at(own.occurred_at, made, now),
    )
