"""Rows of `conversion_keys`, `claims`, `conversions` and `ledger_money`."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, insert, select, tuple_, update

from funnelproof.clock import Micros
from funnelproof.conversions.admit import Seat
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.links.ctx import Cohort
from funnelproof.storage.database import Row, RunAgain, Transaction
from funnelproof.storage.schema import claims, conversion_keys, conversions, ledger_money
from funnelproof.storage.statements import add_up_returning, insert_new

ADD_CONVERSIONS = insert(conversions)
COUNT_REPEAT = (
    update(conversion_keys)
    .where(
        conversion_keys.c.handle == bindparam("at_handle"),
        conversion_keys.c.world == bindparam("at_world"),
        conversion_keys.c.idempotency_key == bindparam("at_key"),
    )
    .values(repeats=conversion_keys.c.repeats + bindparam("more"), repeated_at=bindparam("at"))
)

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


def keys(tx: Transaction, handle: str, world: str, wanted: Collection[str]) -> dict[str, Row]:
    """Known keys and what they stand for."""
    where = (
        conversion_keys.c.handle == handle,
        conversion_keys.c.world == world,
        conversion_keys.c.idempotency_key.in_(sorted(wanted)),
    )
    return {row["idempotency_key"]: row for row in tx.all(select(conversion_keys).where(*where))}


def take_keys(tx: Transaction, handle: str, world: str, new: Sequence[tuple[Conversion, str]]) -> None:
    """Insert the keys of new conversions, each with the digest of its body.

    If another process took one first, the whole transaction runs again and finds it.
    """
    rows = [_key_row(handle, world, made, digest) for made, digest in new]
    if len(insert_new(tx, conversion_keys, rows, returning=("idempotency_key",))) != len(rows):
        raise RunAgain("another process took the same key first")


def count_repeats(tx: Transaction, handle: str, world: str, repeats: Mapping[str, int], at: Micros) -> None:
    rows = [
        {"at_handle": handle, "at_world": world, "at_key": key, "more": more, "at": at}
        for key, more in sorted(repeats.items())
    ]
    if rows:
        tx.execute(COUNT_REPEAT, rows)


def take_seats(tx: Transaction, handle: str, world: str, wanted: Mapping[Seat, int]) -> dict[Seat, int]:
    """Add to the uses of each seat (give back, if negative) and answer how many there were before.

    The rows stay locked until the transaction ends: what is decided on the answer holds.
    """
    rows = [
        {"handle": handle, "world": world, "campaign_id": campaign_id, "epoch": epoch, "subject": subject, "uses": more}
        for (campaign_id, epoch, subject), more in wanted.items()
        if more
    ]
    after = {
        (row["campaign_id"], row["epoch"], row["subject"]): row["uses"] for row in add_up_returning(tx, claims, rows)
    }
    return {seat: uses - wanted[seat] for seat, uses in after.items()}


def add_conversions(tx: Transaction, handle: str, world: str, new: Sequence[Conversion]) -> None:
    if new:
        in_order = sorted(new, key=lambda conversion: conversion.conversion_id)
        tx.execute(ADD_CONVERSIONS, [{"handle": handle, "world": world, **_row(each)} for each in in_order])


def by_ids(tx: Transaction, handle: str, world: str, ids: Collection[str]) -> dict[str, Conversion]:
    where = (conversions.c.handle == handle, conversions.c.world == world, conversions.c.conversion_id.in_(sorted(ids)))
    return {row["conversion_id"]: _conversion(row) for row in tx.all(select(conversions).where(*where))}


def find(tx: Transaction, handle: str, worlds: Collection[str], conversion_id: str) -> tuple[str, Conversion] | None:
    """(world, conversion), in whichever of these worlds it lies."""
    where = (conversions.c.handle == handle, conversions.c.world.in_(worlds))
    row = tx.one(select(conversions).where(*where, conversions.c.conversion_id == conversion_id))
    return (row["world"], _conversion(row)) if row else None


def page(
    tx: Transaction, handle: str, worlds: Collection[str], filters: Mapping[str, Any], *, before: str | None, limit: int
) -> list[tuple[str, Conversion]]:
    """Newest first, as (world, conversion)."""
    where: list[ColumnElement[bool]] = [conversions.c.handle == handle, conversions.c.world.in_(worlds)]
    equal = {name: filters.get(name) for name in ("campaign_id", "variant", "disposition")}
    where += [conversions.c[name] == wanted for name, wanted in equal.items() if wanted is not None]
    if filters.get("since") is not None:
        where.append(conversions.c.received_at >= filters["since"])
    if filters.get("until") is not None:
        where.append(conversions.c.received_at < filters["until"])
    if before is not None:
        where.append(conversions.c.conversion_id < before)
    statement = select(conversions).where(*where).order_by(conversions.c.conversion_id.desc()).limit(limit)
    return [(row["world"], _conversion(row)) for row in tx.all(statement)]


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
    if not refs:
        return {}
    where = (
        ledger_money.c.handle == handle,
        ledger_money.c.world == world,
        tuple_(ledger_money.c.campaign_id, ledger_money.c.visitor).in_(sorted(refs)),
    )
    sums: Counter[tuple[str, str]] = Counter()
    for row in tx.all(select(ledger_money).where(*where)):
        sums[row["campaign_id"], row["visitor"]] += row["gross_minor"]
    return sums


def add_money(tx: Transaction, rows: Sequence[Row]) -> list[Row]:
    """Add to visitors' sums by currency; answer the sums as they stand now."""
    return add_up_returning(tx, ledger_money, rows)


def newest(tx: Transaction, handle: str, world: str, campaign_id: str, limit: int) -> list[Conversion]:
    where = (conversions.c.handle == handle, conversions.c.world == world, conversions.c.campaign_id == campaign_id)
    statement = select(conversions).where(*where).order_by(conversions.c.conversion_id.desc()).limit(limit)
    return [_conversion(row) for row in tx.all(statement)]


def key_row(tx: Transaction, handle: str, world: str, key: str) -> Row | None:
    return keys(tx, handle, world, [key]).get(key)


def _key_row(handle: str, world: str, made: Conversion, digest: str) -> Row:
    return {
        "handle": handle,
        "world": world,
        "idempotency_key": made.idempotency_key,
        "kind": "CONVERSION",
        "subject_id": made.conversion_id,
        "body_digest": digest,
        "click_id": made.click_id,
        "event_type": made.event_type,
        "value_minor": made.value_minor,
        "currency": made.currency,
        "received_at": made.received_at,
    }


def _row(conversion: Conversion) -> dict[str, Any]:
    return {name: getattr(conversion, name) for name in Conversion.__slots__}


def _conversion(row: Row) -> Conversion:
    fields = {name: row[name] for name in Conversion.__slots__}
    fields["cohort"] = Cohort(fields["cohort"])
    fields["disposition"] = Disposition(fields["disposition"])
    return Conversion(**fields)
