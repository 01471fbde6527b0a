"""What reversals of counted conversions move: net on their own day, y with Σy and Σy², refunded converters."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from funnelproof.clicks import store as visitors
from funnelproof.clicks.counting import count_change, day_at, phase_key
from funnelproof.conversions import store
from funnelproof.conversions.reversal import Reversal
from funnelproof.conversions.setting import Setting
from funnelproof.conversions.settle import Standings
from funnelproof.storage.database import Transaction
from funnelproof.tallies.move import QUARTER, Moves, Place, squares

Spender = tuple[str, str, str]
"""(campaign, visitor, currency)"""


def reduce(tx: Transaction, setting: Setting, applied: Sequence[Reversal], standings: Standings, moves: Moves) -> None:
    """Collect all that these move; ledger and money rows are written here. Those that are not counted move nothing.

    `standings` are the locked ledger rows of their visitors.
    """
    counted = [each for each in applied if each.counted]
    for each in counted:
        _lower_net(setting, each, moves)
    _move_visitors(tx, setting, counted, standings, moves)
    _lower_sums(tx, setting, counted, standings, moves)


def _lower_net(setting: Setting, own: Reversal, moves: Moves) -> None:
    if own.amount_minor and own.currency is not None:
        names = ("slug", "country", "device", "referrer", "source", "segment")
        dimensions = {"variant": str(own.variant)} | {name: getattr(own, name) for name in names}
        day = day_at(setting.owner, own.counts_at // QUARTER)
        place = Place(setting.handle, setting.world, own.campaign_id, day, dimensions)
        moves.add_day(place, currency=own.currency, net_minor=-own.amount_minor)


def _move_visitors(
    tx: Transaction, setting: Setting, counted: Sequence[Reversal], before: Standings, moves: Moves
) -> None:
    refunds = Counter(each.visitor_ref for each in counted if each.credited)
    of_test = Counter(each.visitor_ref for each in counted if each.in_test)
    scope, changed = (setting.handle, setting.world), []
    for ref in refunds:
        standing = before[ref]
        after = standing._replace(
            refunds=standing.refunds + refunds[ref], test_refunds=standing.test_refunds + of_test[ref]
        )
        count_change(moves, scope, standing, after, setting.owner)
        changed.append(after)
    visitors.change_standings(tx, *scope, changed)


def _lower_sums(
    tx: Transaction, setting: Setting, counted: Sequence[Reversal], standings: Standings, moves: Moves
) -> None:
    """Each visitor's y by currency, and with it the variant's Σy and Σy²: (y−Δ)² − y², exactly."""
    back: dict[Spender, int] = defaultdict(int)
    for each in counted:
        if each.in_test and each.amount_minor and each.currency is not None:
            back[each.campaign_id, each.visitor, each.currency] += each.amount_minor
    scope = (setting.handle, setting.world)
    rows = [(*scope, *spender, 0, -amount) for spender, amount in back.items()]
    for _, _, campaign_id, visitor, currency, _, now in store.add_money(tx, rows):
        amount = back[campaign_id, visitor, currency]
        high, low = squares(now**2 - (now + amount) ** 2)
        moved = {"net_minor": -amount, "reversed_minor": amount, "squares_high": high, "squares_low": low}
        moves.add_phase(phase_key(scope, standings[campaign_id, visitor], currency), **moved)
