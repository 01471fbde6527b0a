"""What counted conversions move: the visitors' ledger, their sums of money, the tallies."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from funnelproof.clicks import store as visitors
from funnelproof.clicks.assignment import Standing
from funnelproof.clicks.counting import count_change, day_at, phase_key
from funnelproof.clicks.store import ClickPlace
from funnelproof.conversions import store
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.conversions.setting import Setting
from funnelproof.conversions.settle import Standings
from funnelproof.storage.database import Transaction
from funnelproof.tallies.move import QUARTER, Moves, Place, squares

NOWHERE = ClickPlace("ZZ", "UNKNOWN", "direct", "direct")
Spender = tuple[str, str, str]
"""(campaign, visitor, currency)"""


class Alike(NamedTuple):
    """All that decides under which day and dimensions a conversion is counted."""

    campaign_id: str
    variant: int
    slug: str
    place: ClickPlace
    is_first: bool
    quarter: int


@dataclass(slots=True)
class Sums:
    """What conversions that are counted alike come to; amounts in minor units by currency."""

    conversions: int = 0
    amounts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Spent:
    """What one visitor's new conversions come to in one currency."""

    gross_minor: int = 0
    test_minor: int = 0
    test_orders: int = 0


def count(tx: Transaction, setting: Setting, made: Sequence[Conversion], standings: Standings, moves: Moves) -> None:
    """Collect all that settled conversions of one world move; ledger and money rows are written here.

    `standings` are the locked ledger rows of their visitors. Whoever converts has arrived, whatever became of it.
    """
    counted = [each for each in made if each.disposition is Disposition.COUNTED]
    _count_events(tx, setting, counted, standings, moves)
    _move_visitors(tx, setting, made, standings, moves)
    _count_money(tx, setting, counted, standings, moves)


def _count_events(
    tx: Transaction, setting: Setting, counted: Sequence[Conversion], standings: Standings, moves: Moves
) -> None:
    """On the local day on which each occurred, under the dimensions of its click."""
    scope = (setting.handle, setting.world)
    places = visitors.places_of(tx, *scope, {each.click_id for each in counted})
    alike: dict[Alike, Sums] = defaultdict(Sums)
    in_test: Counter[Standing] = Counter()
    for each in counted:
        standing = standings.get(each.visitor_ref)
        is_first = standing is not None and standing.first_at == each.clicked_at
        place, quarter = places.get(each.click_id, NOWHERE), each.occurred_at // QUARTER
        sums = alike[Alike(each.campaign_id, each.variant, each.slug, place, is_first, quarter)]
        sums.conversions += 1
        if each.value_minor is not None and each.currency is not None:
            sums.amounts[each.currency] += each.value_minor
        if each.in_test and standing is not None:
            in_test[standing] += 1
    for standing, conversions in in_test.items():
        moves.add_phase(phase_key(scope, standing), conversions=conversions)
    for key, sums in alike.items():
        place_of = _place(setting, key)
        moves.add_day(place_of, conversions=sums.conversions)
        for currency, amount in sums.amounts.items():
            moves.add_day(place_of, currency=currency, gross_minor=amount, net_minor=amount)


def _place(setting: Setting, alike: Alike) -> Place:
    dimensions = {
        "variant": str(alike.variant),
        "slug": alike.slug,
        **alike.place._asdict(),
        "segment": "new" if alike.is_first else "returning",
    }
    return Place(setting.handle, setting.world, alike.campaign_id, day_at(setting.owner, alike.quarter), dimensions)


def _move_visitors(
    tx: Transaction, setting: Setting, made: Sequence[Conversion], before: Standings, moves: Moves
) -> None:
    after = dict(before)
    for each in made:
        if each.visitor_ref in after:
            after[each.visitor_ref] = _standing_after(after[each.visitor_ref], each)
    scope, changed = (setting.handle, setting.world), []
    for ref, standing in after.items():
        if standing != before[ref]:
            count_change(moves, scope, before[ref], standing, setting.owner)
            changed.append(standing)
    visitors.change_standings(tx, *scope, changed)


def _standing_after(standing: Standing, made: Conversion) -> Standing:
    return standing._replace(
        arrived_at=made.received_at if standing.arrived_at is None else standing.arrived_at,
        conversions=standing.conversions + int(made.credited),
        test_conversions=standing.test_conversions + int(made.in_test),
    )


def _count_money(
    tx: Transaction, setting: Setting, counted: Sequence[Conversion], standings: Standings, moves: Moves
) -> None:
    """Each visitor's sum by currency, and with it the variant's orders, Σy and Σy²: (y+Δ)² − y², exactly."""
    spent: dict[Spender, Spent] = defaultdict(Spent)
    for each in counted:
        if each.value_minor is not None and each.currency is not None:
            sums = spent[each.campaign_id, each.visitor, each.currency]
            sums.gross_minor += each.value_minor
            sums.test_minor += each.value_minor if each.in_test else 0
            sums.test_orders += each.in_test
    scope = (setting.handle, setting.world)
    rows = [(*scope, *spender, sums.gross_minor, sums.test_minor) for spender, sums in spent.items()]
    for _, _, campaign_id, visitor, currency, _, now in store.add_money(tx, rows):
        sums, standing = spent[campaign_id, visitor, currency], standings.get((campaign_id, visitor))
        if standing is not None and sums.test_orders:
            change = sums.test_minor
            high, low = squares(now**2 - (now - change) ** 2)
            moved = {"net_minor": change, "squares_high": high, "squares_low": low}
            moves.add_phase(phase_key(scope, standing, currency), conversions=sums.test_orders, **moved)
