"""A local day of one handle and world, as retention sees it: when it began, and how long its rows must stay."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, and_, func, select

from funnelproof.campaigns.campaign import DAY_SECONDS, MAX_CTX_TTL_SECONDS
from funnelproof.clock import DAY, HOUR, SECOND, Micros
from funnelproof.handles.handle import ZoneFrom, span_of_day
from funnelproof.ids import id_at
from funnelproof.recount.compare import KEPT_QUARTERS
from funnelproof.recount.rows import Scope
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import campaign_history, campaigns, clicks, conversions, reversals

SKEW: Micros = HOUR
"""An id is made by the machine's clock, a click's time comes from ours; they are a moment apart."""
REVERSALS_OF_A_DAY = "INDEXED BY ix_reversals_day"
"""SQLite would rather go through all of them in the order of their key."""


@dataclass(frozen=True, slots=True)
class LocalDay:
    """`begin` is its first moment, `end` the first after it. A ctx lives `ctx_life` at the most."""

    handle: str
    world: str
    day: str
    begin: Micros
    end: Micros
    zones: tuple[ZoneFrom, ...]
    ctx_life: Micros

    @property
    def scope(self) -> Scope:
        return self.handle, self.world

    @property
    def first_click(self) -> str:
        """Before all ids of its clicks."""
        return id_at("clk", self.begin - SKEW)

    @property
    def first_conversion(self) -> str:
        """Before all ids of conversions that occurred on it."""
        return id_at("cnv", self.begin - SKEW)

    def clicks_after(self, click_id: str) -> ColumnElement[bool]:
        """Its clicks, along their ids. One lower bound only: SQLite would begin at the first it is told."""
        span = (clicks.c.click_id > click_id, clicks.c.click_id < id_at("clk", self.end + SKEW))
        return and_(*self._of(clicks), *span, clicks.c.clicked_at >= self.begin, clicks.c.clicked_at < self.end)

    def conversions_after(self, conversion_id: str, *, time: str = "occurred_at") -> ColumnElement[bool]:
        """Conversions that occurred on it, or (time: `clicked_at`) whose click did, along their ids."""
        id_, at = conversions.c.conversion_id, conversions.c[time]
        span = (id_ > conversion_id, id_ < id_at("cnv", self.end + self.ctx_life + SKEW))
        return and_(*self._of(conversions), *span, at >= self.begin, at < self.end)

    def reversals_after(self, reversal_id: str) -> ColumnElement[bool]:
        """Reversals that count on it. One that waited counts long after its id was made, so their index tells it."""
        of = reversals.c
        during = (of.counts_at >= self.begin, of.counts_at < self.end)
        return and_(*self._of(reversals), of.reversal_id > reversal_id, *during)

    def _of(self, table: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return table.c.handle == self.handle, table.c.world == self.world


def local_day_of(scope: Scope, day: str, zones: tuple[ZoneFrom, ...], ctx_life: Micros) -> LocalDay:
    return LocalDay(*scope, day, *span_of_day(zones, day), zones, ctx_life)


def longest_ctx_life(tx: Transaction, handle: str, now: Micros) -> Micros:
    """How long any ctx of the handle can still be good. A life that was shortened counts as the longest of all."""
    where = (campaign_history.c.handle == handle, campaign_history.c.act == "changed")
    recently = campaign_history.c.at >= now - MAX_CTX_TTL_SECONDS * SECOND
    for row in tx.all(select(campaign_history.c.details).where(*where, recently)):
        if "ctx_ttl_seconds" in (row["details"] or {}).get("changed", []):
            return MAX_CTX_TTL_SECONDS * SECOND
    longest = select(func.max(campaigns.c.ctx_ttl_seconds)).where(campaigns.c.handle == handle)
    return int(tx.execute(longest).scalar_one() or DAY_SECONDS) * SECOND


def kept_for(tx: Transaction, owner: Row, ctx_life: Micros) -> Micros:
    """How old a day must be: what the handle wants, but no less than what its conversions and the quarters need."""
    windows = select(func.max(campaigns.c.attribution_window_days)).where(campaigns.c.handle == owner["handle"])
    window = int(tx.execute(windows).scalar_one() or 0) * DAY
    return max(int(owner["retention_days"]) * DAY, max(window, KEPT_QUARTERS) + ctx_life)
