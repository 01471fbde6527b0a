"""Day tallies as analytics reads them: summed by the database over what is not asked for, so few rows come back."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, cast, func, literal, select, union_all

from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import campaigns, day_tallies

COUNTERS = (
    "clicks",
    "qualified_clicks",
    "bot_clicks",
    "visitors",
    "conversions",
    "converters",
    "refunded_converters",
    "page_views",
    "cta_clicks",
)
AMOUNTS = ("gross_minor", "net_minor")
Line = tuple[Any, ...]
"""(key, currency), then every counter, then gross and net."""


def lines(
    tx: Transaction,
    *,
    handle: str,
    worlds: Sequence[str],
    campaign_id: str | None,
    dimension: str,
    between: tuple[str, str],
    by: str | None,
) -> Sequence[Line]:
    """Sums over local days, first and last included, by `day` or `value` (or neither: the key is '') and currency."""
    bound: dict[str, Any] = {"handle": handle, "worlds": list(worlds), "dimension": dimension}
    bound |= {"first": between[0], "last": between[1]}
    if campaign_id is not None:
        bound["campaign_id"] = campaign_id
    statement = _lines(by, of_one_campaign=campaign_id is not None)
    return [tuple(row) for row in tx.execute(statement, bound)]


@cache
def _lines(by: str | None, *, of_one_campaign: bool) -> Select[Any]:
    """Without a campaign all are named, or the key of the tallies could not be used down to the day."""
    of = day_tallies.c
    key = literal("").label("key") if by is None else of[by].label("key")
    groups = [of.currency] if by is None else [of[by], of.currency]
    sums = [cast(func.sum(of[name]), of[name].type) for name in (*COUNTERS, *AMOUNTS)]
    known = union_all(
        select(campaigns.c.campaign_id).where(campaigns.c.handle == bindparam("handle")), select(literal(""))
    )
    campaign = of.campaign_id == bindparam("campaign_id") if of_one_campaign else of.campaign_id.in_(known)
    return (
        select(key, of.currency, *sums)
        .where(of.handle == bindparam("handle"), of.world.in_(bindparam("worlds", expanding=True)), campaign)
        .where(of.dimension == bindparam("dimension"), of.day >= bindparam("first"), of.day <= bindparam("last"))
        .group_by(*groups)
        .order_by(*groups)
    )
