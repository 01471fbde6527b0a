"""Between which ids the rows of a stretch of time lie: ids sort by the real clock, so times need no index.

What a row says of its time is compared with its id, for the two are of one moment only within `SLACK`: a clock may
have stepped, or be another one than the ids'. Where they are apart, the place is found by halving.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Select, Table, bindparam, select

from funnelproof.clock import MINUTE, Micros
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import clicks, conversions

SLACK: Micros = 2 * MINUTE
FAR = 1 << 48
"""Beyond every id, in milliseconds."""
NEAR_ENOUGH = 60_000


@dataclass(frozen=True)
class Stamped:
    """A table whose rows have ids with this prefix, and a time of their own in the column `at`."""

    table: Table
    prefix: str
    id: Column[str]
    at: Column[int]

    def first_id(self, tx: Transaction, handle: str, world: str, since: Micros) -> str:
        """Below this id nothing is of `since` or later."""
        newest_before = self._at().where(self.id < bindparam("id")).order_by(self.id.desc()).limit(1)

        def is_before(milliseconds: int) -> bool:
            at = self._ask(tx, newest_before, (handle, world), milliseconds)
            return at is None or at < since - SLACK

        guess = max(0, (since - 2 * SLACK) // 1000)
        return self.id_at(guess if is_before(guess) else _last(is_before))

    def end_id(self, tx: Transaction, handle: str, world: str, until: Micros) -> str:
        """From this id on nothing is of before `until`."""
        oldest_from = self._at().where(self.id >= bindparam("id")).order_by(self.id).limit(1)

        def is_before_end(milliseconds: int) -> bool:
            at = self._ask(tx, oldest_from, (handle, world), milliseconds)
            return at is not None and at < until + SLACK

        guess = max(0, min(FAR - 1, (until + 2 * SLACK) // 1000))
        return self.id_at(guess if not is_before_end(guess) else _last(is_before_end) + NEAR_ENOUGH)

    def id_at(self, milliseconds: int) -> str:
        """What every id of that millisecond begins with; it sorts before all of them."""
        return f"{self.prefix}_{milliseconds:012x}"

    def _at(self) -> Select[Any]:
        of = self.table.c
        return select(self.at).where(of.handle == bindparam("handle"), of.world == bindparam("world"))

    def _ask(self, tx: Transaction, statement: Select[Any], place: tuple[str, str], at: int) -> int | None:
        bound = {"handle": place[0], "world": place[1], "id": self.id_at(at)}
        found: int | None = tx.execute(statement, bound).scalar_one_or_none()
        return found


CLICKS = Stamped(clicks, "clk", clicks.c.click_id, clicks.c.clicked_at)
CONVERSIONS = Stamped(conversions, "cnv", conversions.c.conversion_id, conversions.c.received_at)


def _last(holds: Callable[[int], bool]) -> int:
    """About the last millisecond for which it holds, never later; it holds for 0 and for none that is far."""
    low, high = 0, FAR
    while high - low > NEAR_ENOUGH:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
