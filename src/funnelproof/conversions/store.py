"""Rows of `claims`, `conversions` and `ledger_money`."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import and_, bindparam, func, select, tuple_, update

from funnelproof.clock import Micros
from funnelproof.conversions.admit import Seat
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.ids import made_at
from funnelproof.links.ctx import Cohort
from funnelproof.storage.bulk import Values, add_rows_returning, insert_rows, rows_among
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import claims, conversions, ledger_money
from funnelproof.storage.schema.columns import json_text

CONVERSION = Conversion._fields
SEAT = ("handle", "world", "campaign_id", "epoch", "subject", "uses")
MONEY = ("handle", "world", "campaign_id", "visitor", "currency", "gross_minor", "test_net_minor")
CHANGE_DISPOSITION = (
    update(conversions)
    .where(
        conversions.c.handle == bindparam("at_handle"),
        conversions.c.world == bindparam("at_world"),
        conversions.c.conversion_id == bindparam("at_id"),
    )
    .values({name: bindparam(name) for name in ("disposition", "reason", "in_test", "credited")})
)
Arrived = tuple[Micros, str]
"""(received_at, conversion_id): the order of arrival."""


def take_seats(tx: Transaction, handle: str, world: str, wanted: Mapping[Seat, int]) -> dict[Seat, int]:
    """Add to the uses of each seat (give back, if negative) and answer how many there were before.

    The rows stay locked until the transaction ends: what is decided on the answer holds.
    """
    rows = [(handle, world, *seat, more) for seat, more in sorted(wanted.items()) if more]
    after = {(row[2], row[3], row[4]): row[5] for row in add_rows_returning(tx, claims, SEAT, rows)}
    return {seat: uses - wanted[seat] for seat, uses in after.items()}


def add_conversions(tx: Transaction, handle: str, world: str, new: Sequence[Conversion]) -> None:
    rows = [(handle, world, *_values(each)) for each in sorted(new, key=lambda each: each.conversion_id)]
    insert_rows(tx, conversions, ("handle", "world", *CONVERSION), rows)


def by_ids(tx: Transaction, handle: str, world: str, ids: Collection[str]) -> dict[str, Conversion]:
    at = {"handle": handle, "world": world}
    rows = rows_among(tx, conversions, CONVERSION, at=at, within="conversion_id", values=ids)
    return {row[0]: _from_values(row) for row in rows}


def find(tx: Transaction, handle: str, worlds: Collection[str], conversion_id: str) -> tuple[str, Conversion] | None:
    """(world, conversion), in whichever of these worlds it lies."""
    where = (conversions.c.handle == handle, conversions.c.world.in_(worlds))
    row = tx.one(select(conversions).where(*where, conversions.c.conversion_id == conversion_id))
    return (row["world"], _conversion(row)) if row else None


def lock(tx: Transaction, handle: str, world: str, conversion_id: str) -> Conversion | None:
    """A conversion, held until the transaction ends: its reversals come one after another, and so does its release."""
    where = (conversions.c.handle == handle, conversions.c.world == world)
    row = tx.one(select(conversions).where(*where, conversions.c.conversion_id == conversion_id).with_for_update())
    return _conversion(row) if row else None


def held_between(
    tx: Transaction, handle: str, since: Micros, until: Micros, *, after: Arrived | None, limit: int
) -> list[Conversion]:
    """Held live conversions in the order of their arrival, locked until the transaction ends."""
    arrived = (conversions.c.received_at, conversions.c.conversion_id)
    where = [
        conversions.c.handle == handle,
        conversions.c.world == "live",
        conversions.c.disposition == Disposition.HELD.value,
        conversions.c.received_at >= since,
        conversions.c.received_at < until,
    ]
    if after is not None:
        where.append(tuple_(*arrived) > tuple_(*after))
    statement = select(conversions).where(*where).order_by(*arrived).limit(limit).with_for_update()
    return [_conversion(row) for row in tx.all(statement)]


def change_dispositions(tx: Transaction, handle: str, world: str, changed: Sequence[Conversion]) -> None:
    rows = [
        {
            "at_handle": handle,
            "at_world": world,
            "at_id": each.conversion_id,
            "disposition": each.disposition.value,
            "reason": each.reason,
            "in_test": each.in_test,
            "credited": each.credited,
        }
        for each in sorted(changed, key=lambda each: each.conversion_id)
    ]
    if rows:
        tx.execute(CHANGE_DISPOSITION, rows)


def totals(tx: Transaction, handle: str, world: str, refs: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Counted gross minor units by (campaign, visitor), of all currencies together."""
    visitors: dict[str, list[str]] = defaultdict(list)
    for campaign_id, visitor in refs:
        visitors[campaign_id].append(visitor)
    sums: Counter[tuple[str, str]] = Counter()
    for campaign_id, wanted in visitors.items():
        at = {"handle": handle, "world": world, "campaign_id": campaign_id}
        rows = rows_among(tx, ledger_money, ("visitor", "gross_minor"), at=at, within="visitor", values=wanted)
        for visitor, gross in rows:
            sums[campaign_id, visitor] += gross
    return sums


def add_money(tx: Transaction, rows: Sequence[Values]) -> list[Values]:
    """Add to visitors' sums by currency (rows of `MONEY`); answer the sums as they stand now."""
    return add_rows_returning(tx, ledger_money, MONEY, sorted(rows))


def in_both(tx: Transaction, handle: str, world: str, other: str) -> int:
    """How many conversions two worlds share by their ids: none should be."""
    mine, theirs = conversions.alias(), conversions.alias()
    same = (theirs.c.handle == handle, theirs.c.world == other, theirs.c.conversion_id == mine.c.conversion_id)
    shared = select(func.count()).select_from(mine).join(theirs, and_(*same))
    return int(tx.execute(shared.where(mine.c.handle == handle, mine.c.world == world)).scalar_one())


def counted_by_variant(tx: Transaction, handle: str, world: str, campaign_id: str) -> dict[int, Row]:
    """How many conversions `counted`, and the newest `conversion_id` of them, for each variant of a campaign."""
    own = (conversions.c.handle == handle, conversions.c.world == world, conversions.c.campaign_id == campaign_id)
    newest = func.max(conversions.c.conversion_id).label("conversion_id")
    told = select(conversions.c.variant, func.count().label("counted"), newest)
    counts = conversions.c.disposition == Disposition.COUNTED.value
    return {row["variant"]: row for row in tx.all(told.where(*own, counts).group_by(conversions.c.variant))}


def first_counted(tx: Transaction, handle: str, world: str, campaign_id: str, variant: int) -> Conversion | None:
    own = (conversions.c.handle == handle, conversions.c.world == world, conversions.c.campaign_id == campaign_id)
    counts = (conversions.c.disposition == Disposition.COUNTED.value, conversions.c.variant == variant)
    row = tx.one(select(conversions).where(*own, *counts).order_by(conversions.c.conversion_id).limit(1))
    return _conversion(row) if row else None


def newest_at(tx: Transaction, handle: str, world: str) -> Micros | None:
    """When the newest conversion of a world was stored, by the real clock, which its id tells."""
    where = (conversions.c.handle == handle, conversions.c.world == world)
    newest_id: str | None = tx.execute(select(func.max(conversions.c.conversion_id)).where(*where)).scalar_one()
    return made_at(newest_id) if newest_id else None


def _values(made: Conversion) -> Values:
    """The columns of `CONVERSION`: plain texts and numbers in place of members, as the driver takes them."""
    return (
        *made[:7],
        made.cohort._value_,
        *made[8:13],
        made.disposition._value_,
        made.reason,
        int(made.in_test),
        *made[16:20],
        None if made.properties is None else json_text(made.properties),
        made.request_id,
        int(made.credited),
    )


def _from_values(row: Values) -> Conversion:
    told = dict(zip(CONVERSION, row, strict=True))
    told |= {"in_test": bool(told["in_test"]), "credited": bool(told["credited"])}
    told["properties"] = None if told["properties"] is None else json.loads(told["properties"])
    return _conversion(told)


def _conversion(row: Row) -> Conversion:
    fields = {name: row[name] for name in CONVERSION}
    fields["cohort"] = Cohort(fields["cohort"])
    fields["disposition"] = Disposition(fields["disposition"])
    return Conversion(**fields)
