"""What counted conversions move: the visitors' ledger, their sums of money, the tallies."""

from collections import Counter
from collections.abc import Mapping, Sequence

from funnelproof.clicks import store as visitors
from funnelproof.clicks.assignment import Standing
from funnelproof.clicks.counting import count_visitor, phase_key
from funnelproof.clock import Micros, local_day
from funnelproof.conversions import store
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.conversions.setting import Setting
from funnelproof.conversions.settle import Standings
from funnelproof.storage.database import Row, Transaction
from funnelproof.tallies.move import Moves, Place, squares

MoneyRef = tuple[str, str, str]
NOWHERE: Row = {"country": "ZZ", "device": "UNKNOWN", "referrer": "direct", "source": "direct"}


def count(tx: Transaction, setting: Setting, made: Sequence[Conversion], standings: Standings, moves: Moves) -> None:
    """Collect all that settled conversions of one world move; ledger and money rows are written here.

    `standings` are the locked ledger rows of their visitors. Whoever converts has arrived, whatever became of it.
    """
    counted = [each for each in made if each.disposition is Disposition.COUNTED]
    clicks = visitors.find_clicks(tx, setting.handle, setting.world, {each.click_id for each in counted})
    for each in counted:
        _count_event(setting, each, clicks.get(each.click_id, NOWHERE), standings.get(each.visitor_ref), moves)
    _move_visitors(tx, setting, made, standings, moves)
    _count_money(tx, setting, counted, standings, moves)


def _count_event(setting: Setting, made: Conversion, click: Row, standing: Standing | None, moves: Moves) -> None:
    """On the local day on which it occurred, under the dimensions of its click."""
    is_first = standing is not None and standing.first_at == made.clicked_at
    dimensions = {
        "variant": str(made.variant),
        "slug": made.slug,
        **{name: click[name] for name in NOWHERE},
        "segment": "new" if is_first else "returning",
    }
    day = _day(setting, made.occurred_at)
    place = Place(setting.handle, setting.world, made.campaign_id, day, dimensions)
    moves.add_day(place, conversions=1)
    if made.value is not None:
        amount = made.value.minor
        moves.add_day(place, currency=made.value.currency, gross_minor=amount, net_minor=amount)
    if made.in_test and standing is not None:
        moves.add_phase(phase_key((setting.handle, setting.world), standing), conversions=1)


def _move_visitors(
    tx: Transaction, setting: Setting, made: Sequence[Conversion], before: Standings, moves: Moves
) -> None:
    after = dict(before)
    for each in made:
        if each.visitor_ref in after:
            after[each.visitor_ref] = _standing_after(after[each.visitor_ref], each)
    changed = {ref: standing for ref, standing in after.items() if standing != before[ref]}
    scope = (setting.handle, setting.world)
    for ref, standing in changed.items():
        day = _day(setting, standing.first_at)
        count_visitor(moves, scope, before[ref], -1, day)
        count_visitor(moves, scope, standing, +1, day)
    visitors.change_standings(tx, *scope, list(changed.values()))


def _standing_after(standing: Standing, made: Conversion) -> Standing:
    return standing._replace(
        arrived_at=made.received_at if standing.arrived_at is None else standing.arrived_at,
        conversions=standing.conversions + int(made.credited),
        test_conversions=standing.test_conversions + int(made.in_test),
    )


def _count_money(
    tx: Transaction,
    setting: Setting,
    counted: Sequence[Conversion],
    standings: Mapping[tuple[str, str], Standing],
    moves: Moves,
) -> None:
    """Each visitor's sum by currency, and with it the variant's orders, Σy and Σy²: (y+Δ)² − y², exactly."""
    gross: Counter[MoneyRef] = Counter()
    in_test: Counter[MoneyRef] = Counter()
    orders: Counter[MoneyRef] = Counter()
    for each in counted:
        if each.value is not None:
            ref = (*each.visitor_ref, each.value.currency)
            gross[ref] += each.value.minor
            in_test[ref] += each.value.minor if each.in_test else 0
            orders[ref] += each.in_test
    rows = [_money_row(setting, ref, gross[ref], in_test[ref]) for ref in gross]
    for row in store.add_money(tx, rows):
        ref = (row["campaign_id"], row["visitor"], row["currency"])
        standing, change = standings.get(ref[:2]), in_test[ref]
        if standing is not None and orders[ref]:
            now = row["test_net_minor"]
            high, low = squares(now**2 - (now - change) ** 2)
            key = phase_key((setting.handle, setting.world), standing, row["currency"])
            moved = {"net_minor": change, "squares_high": high, "squares_low": low}
            moves.add_phase(key, conversions=orders[ref], **moved)


def _money_row(setting: Setting, ref: MoneyRef, gross: int, in_test: int) -> Row:
    campaign_id, visitor, currency = ref
    where = {"handle": setting.handle, "world": setting.world, "campaign_id": campaign_id, "visitor": visitor}
    return {**where, "currency": currency, "gross_minor": gross, "test_net_minor": in_test}


def _day(setting: Setting, at: Micros) -> str:
    return local_day(at, setting.owner.zone_at(at))
