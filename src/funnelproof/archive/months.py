"""Which months of a handle have rows, and how many: told by ids, which begin with the time they were made."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Table, func, select

from funnelproof.clock import month_begin, month_of, next_month
from funnelproof.ids import id_at, made_at
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import clicks, conversions, reversals
from funnelproof.worlds.world import LIVE

IDS: dict[str, tuple[Table, ColumnElement[str], str]] = {
    "clicks": (clicks, clicks.c.click_id, "clk"),
    "conversions": (conversions, conversions.c.conversion_id, "cnv"),
    "reversals": (reversals, reversals.c.reversal_id, "rev"),
}


@dataclass(frozen=True, slots=True)
class Month:
    """The live rows of one table and handle that were stored in a month (UTC)."""

    handle: str
    table: str
    month: str
    rows: int

    @property
    def file(self) -> str:
        return f"{self.table}-{self.month}.parquet"

    @property
    def statement(self) -> Select[tuple[object, ...]]:
        table, id_, _ = IDS[self.table]
        return select(table).where(*_within(self.table, self.handle, self.month)).order_by(id_)


def months_before(tx: Transaction, handle: str, before: str) -> Iterator[Month]:
    """Every month before that one in which something was stored, oldest first."""
    for name, (table, id_, prefix) in IDS.items():
        own = select(id_).where(table.c.handle == handle, table.c.world == LIVE).order_by(id_).limit(1)
        first: str | None = tx.execute(own).scalar_one_or_none()
        while first is not None and first < id_at(prefix, month_begin(before)):
            month = month_of(made_at(first))
            count = select(func.count()).select_from(table).where(*_within(name, handle, month))
            yield Month(handle, name, month, tx.execute(count).scalar_one())
            later = own.where(id_ >= id_at(prefix, month_begin(next_month(month))))
            first = tx.execute(later).scalar_one_or_none()


def _within(name: str, handle: str, month: str) -> list[ColumnElement[bool]]:
    table, id_, prefix = IDS[name]
    begin, end = (id_at(prefix, month_begin(one)) for one in (month, next_month(month)))
    return [table.c.handle == handle, table.c.world == LIVE, id_ >= begin, id_ < end]
