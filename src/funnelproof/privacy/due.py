"""Which day of a handle retention has to see to next."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from sqlalchemy import Table, select

from funnelproof.clock import DAY, Micros, local_day
from funnelproof.handles.handle import zone_at
from funnelproof.ids import id_at
from funnelproof.privacy.day import LocalDay, kept_for, local_day_of, longest_ctx_life
from funnelproof.privacy.seal import find_seal, still_full
from funnelproof.recount.rows import Scope, zones
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import clicks, conversions, reversals

LEAPS = 2000


class Step(Enum):
    """What a day needs: a seal; its rows deleted; those of its clicks deleted that were still in use."""

    SEAL = auto()
    EMPTY = auto()
    SWEEP = auto()


@dataclass(frozen=True, slots=True)
class Due:
    step: Step
    day: LocalDay


def find_due(tx: Transaction, owner: Row, world: str, *, put_off: Collection[str], now: Micros) -> Due | None:
    """`owner` is the handle's row; days in `put_off` are not looked at."""
    look = _Look(tx, owner, world, put_off, now)
    unfinished = still_full(tx, look.scope)
    if unfinished is not None:
        return Due(Step.EMPTY, look.day(unfinished))
    looked = (look.by_clicks(), look.by_conversions(), look.by_reversals())
    found = [due for due in looked if due is not None]
    return min(found, key=lambda due: due.day.begin, default=None)


class _Look:
    """Leaps along the ids, from day to day: a day costs one seek, however many rows it has."""

    def __init__(self, tx: Transaction, owner: Row, world: str, put_off: Collection[str], now: Micros) -> None:
        self.scope: Scope = (owner["handle"], world)
        self._tx, self._put_off = tx, put_off
        self._zones = zones(tx, self.scope)
        self._ctx_life = longest_ctx_life(tx, owner["handle"], now)
        self._old = now - kept_for(tx, owner, self._ctx_life)

    def day(self, day: str) -> LocalDay:
        return local_day_of(self.scope, day, self._zones, self._ctx_life)

    def by_clicks(self) -> Due | None:
        """A day that was emptied has clicks only where they were in use; long enough after it they can be no more."""
        for day in self._days(clicks, "click_id", "clicked_at"):
            if find_seal(self._tx, self.scope, day.day) is None:
                return Due(Step.SEAL, day)
            if day.end + day.ctx_life + DAY < self._old:
                return Due(Step.SWEEP, day)
        return None

    def by_conversions(self) -> Due | None:
        days = self._days(conversions, "conversion_id", "occurred_at")
        day = next((day for day in days if find_seal(self._tx, self.scope, day.day) is None), None)
        return Due(Step.SEAL, day) if day else None

    def by_reversals(self) -> Due | None:
        """A day that has nothing but reversals: that of a refund long after its sale."""
        of, after = reversals.c, 0
        for _ in range(LEAPS):
            within = (of.handle == self.scope[0], of.world == self.scope[1], of.counts_at >= after)
            row = self._tx.one(select(of.counts_at).where(*within).order_by(of.counts_at).limit(1))
            if row is None:
                return None
            day = self.day(local_day(row["counts_at"], zone_at(self._zones, row["counts_at"])))
            if day.end > self._old:
                return None
            if day.day not in self._put_off and find_seal(self._tx, self.scope, day.day) is None:
                return Due(Step.SEAL, day)
            after = day.end
        return None

    def _days(self, table: Table, id_name: str, time: str) -> Iterator[LocalDay]:
        """Old days that have rows, those put off left out."""
        id_, at = table.c[id_name], table.c[time]
        within = select(id_, at).where(table.c.handle == self.scope[0], table.c.world == self.scope[1])
        after = ""
        for _ in range(LEAPS):
            row = self._tx.one(within.where(id_ > after).order_by(id_).limit(1))
            if row is None:
                return
            day = self.day(local_day(row[time], zone_at(self._zones, row[time])))
            if day.end > self._old:
                return
            if day.day not in self._put_off:
                yield day
            after = max(row[id_name], id_at(row[id_name][:3], day.end))
