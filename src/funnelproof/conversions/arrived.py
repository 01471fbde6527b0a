"""Between which ids the conversions of a stretch of time lie: ids sort by the real clock, so times need no index.

What a row says of its arrival is compared with its id, for the two are of one moment only within `SLACK`: a clock may
have stepped, or be another one than the ids'. Where they are apart, the place is found by halving.
"""

from collections.abc import Callable

from sqlalchemy import bindparam, select

from funnelproof.clock import MINUTE, Micros
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import conversions

SLACK: Micros = 2 * MINUTE
FAR = 1 << 48
"""Beyond every id, in milliseconds."""
NEAR_ENOUGH = 60_000

_AT = select(conversions.c.received_at).where(
    conversions.c.handle == bindparam("handle"), conversions.c.world == bindparam("world")
)
BEFORE = (
    _AT.where(conversions.c.conversion_id < bindparam("id"))
    .order_by(conversions.c.conversion_id.desc())
    .limit(1)
)  # fmt: skip
FROM = (
    _AT.where(conversions.c.conversion_id >= bindparam("id"))
    .order_by(conversions.c.conversion_id)
    .limit(1)
)  # fmt: skip


def first_id(tx: Transaction, handle: str, world: str, since: Micros) -> str:
    """Below this id nothing arrived at `since` or later."""

    def is_before(milliseconds: int) -> bool:
        at = tx.execute(BEFORE, {"handle": handle, "world": world, "id": id_at(milliseconds)}).scalar_one_or_none()
        return at is None or at < since - SLACK

    guess = max(0, (since - 2 * SLACK) // 1000)
    return id_at(guess if is_before(guess) else _last(is_before))


def end_id(tx: Transaction, handle: str, world: str, until: Micros) -> str:
    """From this id on nothing arrived before `until`."""

    def is_before_end(milliseconds: int) -> bool:
        at = tx.execute(FROM, {"handle": handle, "world": world, "id": id_at(milliseconds)}).scalar_one_or_none()
        return at is not None and at < until + SLACK

    guess = min(FAR - 1, (until + 2 * SLACK) // 1000)
    return id_at(guess if not is_before_end(guess) else _last(is_before_end) + NEAR_ENOUGH)


def id_at(milliseconds: int) -> str:
    """What every id of that millisecond begins with; it sorts before all of them."""
    return f"cnv_{milliseconds:012x}"


def _last(holds: Callable[[int], bool]) -> int:
    """About the last millisecond for which it holds, never later; it holds for 0 and for none that is far."""
    low, high = 0, FAR
    while high - low > NEAR_ENOUGH:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
