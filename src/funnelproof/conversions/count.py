"""What recorded conversions move: the visitors' ledger, their sums of money, the tallies."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from funnelproof.clicks import store as visitors
from funnelproof.clicks.assignment import Standing
from funnelproof.clicks.follow import count_visitor, phase_key
from funnelproof.clock import Micros, local_day
from funnelproof.conversions import store
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.handles.handle import Handle
from funnelproof.storage.database import Row, Transaction
from funnelproof.tallies.move import Moves, Place, squares

VisitorRef = tuple[str, str]
MoneyRef = tuple[str, str, str]


def count(tx: Transaction, handle: Handle, world: str, new: Sequence[Conversion], moves: Moves) -> None:
    """Collect all that new conversions of one world move; ledger and money rows are written here."""
    refs = {(made.campaign_id, made.visitor) for made in new}
    before = visitors.lock_standings(tx, handle.handle, world, refs)
    clicks = visitors.find_clicks(tx, handle.handle, world, {made.click_id for made in new})
    after = dict(before)
    for made in new:
        ref = (made.campaign_id, made.visitor)
        if ref in after:
            after[ref] = _standing_after(after[ref], made)
        _count_conversion(handle, world, made, clicks.get(made.click_id), after.get(ref), moves)
    changed = {ref: standing for ref, standing in after.items() if standing != before[ref]}
    for ref, standing in changed.items():
        day = _day(handle, standing.first_at)
        count_visitor(moves, (handle.handle, world), before[ref], -1, day)
        count_visitor(moves, (handle.handle, world), standing, +1, day)
    visitors.change_standings(tx, handle.handle, world, list(changed.values()))
    _count_money(tx, handle.handle, world, new, after, moves)


def _standing_after(standing: Standing, made: Conversion) -> Standing:
    arrived_at = made.received_at if standing.arrived_at is None else standing.arrived_at
    counted = int(made.disposition is Disposition.COUNTED)
    return replace(
        standing,
        arrived_at=arrived_at,
        conversions=standing.conversions + counted,
        test_conversions=standing.test_conversions + int(made.in_test),
    )


def _count_conversion(
    handle: Handle, world: str, made: Conversion, click: Row | None, standing: Standing | None, moves: Moves
) -> None:
    ref = (handle.handle, world, made.campaign_id)
    moves.add_quarter(ref, made.received_at, "ctx_accepted", str(made.variant))
    moves.add_quarter(ref, made.received_at, "conversions", f"{made.disposition.value} {made.variant}")
    if made.disposition is not Disposition.COUNTED:
        return
    place = Place(*ref, _day(handle, made.occurred_at), dimensions_of(made, click, standing))
    moves.add_day(place, conversions=1)
    if made.value_minor is not None and made.currency is not None:
        moves.add_day(place, currency=made.currency, gross_minor=made.value_minor, net_minor=made.value_minor)
    if made.in_test and standing is not None:
        moves.add_phase(phase_key((handle.handle, world), standing), conversions=1)


def dimensions_of(made: Conversion, click: Row | None, standing: Standing | None) -> dict[str, str]:
    """A conversion is counted under the dimensions of its click."""
    is_first = standing is not None and standing.first_at == made.clicked_at
    return {
        "variant": str(made.variant),
        "slug": made.slug,
        "country": click["country"] if click else "ZZ",
        "device": click["device"] if click else "UNKNOWN",
        "referrer": click["referrer"] if click else "direct",
        "source": click["source"] if click else "direct",
        "segment": "new" if is_first else "returning",
    }


def _count_money(
    tx: Transaction,
    handle: str,
    world: str,
    new: Sequence[Conversion],
    standings: Mapping[VisitorRef, Standing],
    moves: Moves,
) -> None:
    """Each visitor's sum by currency, and with it the variant's Σy and Σy²: (y+Δ)² − y², exactly."""
    gross: Counter[MoneyRef] = Counter()
    in_test: dict[MoneyRef, int] = defaultdict(int)
    for made in new:
        if made.disposition is Disposition.COUNTED and made.value_minor is not None and made.currency is not None:
            ref = (made.campaign_id, made.visitor, made.currency)
            gross[ref] += made.value_minor
            in_test[ref] += made.value_minor if made.in_test else 0
    rows = [_money_row(handle, world, ref, amount, in_test[ref]) for ref, amount in gross.items()]
    for row in store.add_money(tx, rows):
        ref = (row["campaign_id"], row["visitor"], row["currency"])
        standing, change = standings.get(ref[:2]), in_test[ref]
        if standing is not None and change:
            now = row["test_net_minor"]
            high, low = squares(now**2 - (now - change) ** 2)
            key = phase_key((handle, world), standing, row["currency"])
            moves.add_phase(key, net_minor=change, squares_high=high, squares_low=low)


def _money_row(handle: str, world: str, ref: MoneyRef, gross: int, in_test: int) -> Row:
    campaign_id, visitor, currency = ref
    where = {"handle": handle, "world": world, "campaign_id": campaign_id, "visitor": visitor, "currency": currency}
    return {**where, "gross_minor": gross, "test_net_minor": in_test}


def _day(handle: Handle, at: Micros) -> str:
    return local_day(at, handle.zone_at(at))
