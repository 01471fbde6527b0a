"""A local day of one handle and world, as retention sees it: when it began, and how long its rows must stay."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from funnelproof.campaigns.campaign import DAY_SECONDS, MAX_CTX_TTL_SECONDS
from funnelproof.clock import DAY, HOUR, SECOND, Micros
from funnelproof.handles.handle import ZoneFrom, span_of_day
from funnelproof.ids import id_at
from funnelproof.recount.compare import KEPT_QUARTERS
from funnelproof.recount.rows import Scope
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import campaign_history, campaigns, clicks, conversions

SKEW: Micros = HOUR
"""An id is made by the machine's clock, a click's time comes from ours; they are a moment apart."""


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
    def of_clicks(self) -> ColumnElement[bool]:
        """Its clicks, found along their ids."""
        during = and_(clicks.c.clicked_at >= self.begin, clicks.c.clicked_at < self.end)
        return and_(*_between(clicks, self.scope, "click_id", "clk", self.begin, self.end), during)

    @property
    def of_conversions(self) -> ColumnElement[bool]:
        """Conversions that occurred on it, found along the ids of those that can have."""
        during = and_(conversions.c.occurred_at >= self.begin, conversions.c.occurred_at < self.end)
        return and_(*self._conversions_near, during)

    @property
    def by_clicks(self) -> ColumnElement[bool]:
        """Conversions of its clicks, whenever they occurred."""
        during = and_(conversions.c.clicked_at >= self.begin, conversions.c.clicked_at < self.end)
        return and_(*self._conversions_near, during)

    @property
    def _conversions_near(self) -> list[ColumnElement[bool]]:
        return _between(conversions, self.scope, "conversion_id", "cnv", self.begin, self.end + self.ctx_life)


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


def _between(
    table: Any, scope: Scope, id_name: str, prefix: str, begin: Micros, end: Micros
) -> list[ColumnElement[bool]]:
    lower, upper = id_at(prefix, begin - SKEW), id_at(prefix, end + SKEW)
    return [
        table.c.handle == scope[0],
        table.c.world == scope[1],
        table.c[id_name] >= lower,
        table.c[id_name] < upper,
    ]
