"""Sealing a day that was proven, then emptying it: rows go in slices, and what they came to stays."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Delete, Select, Table, and_, delete, literal_column, select, update

from funnelproof.clock import Micros
from funnelproof.conversions import key_store as keys
from funnelproof.ids import id_at
from funnelproof.privacy.day import REVERSALS_OF_A_DAY, SKEW, LocalDay
from funnelproof.privacy.prove import Proof, figures_of, stored_day
from funnelproof.recount.rows import Scope
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import clicks, conversions, reversals, sealed_sums, seals
from funnelproof.storage.statements import add_up, insert_new

SLICE = 500
KEPT = ("idempotency_key", "disposition", "occurred_at")
"""What the key of a conversion keeps of it."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """One slice: how many rows went, and after which id the next slice begins (None: this was the last)."""

    rows: int
    after: str | None


class Moved(Exception):  # noqa: N818 - nothing went wrong: it is proven anew another time
    """The day is no longer what was proven."""


def seal(tx: Transaction, proof: Proof, now: Micros) -> None:
    """Raises `Moved`. Conversions that are still held go at once: they could be released while the day is emptied."""
    day = proof.day
    for campaign_id in proof.campaigns:
        held = tx.execute(delete_held(day, campaign_id).returning(*(conversions.c[name] for name in KEPT)))
        keys.outlive(tx, *day.scope, held.mappings().all())  # type: ignore[arg-type]
    if figures_of(dict(stored_day(tx, day, proof.campaigns))) != proof.sums:
        raise Moved
    row = {
        "handle": day.handle,
        "world": day.world,
        "day": day.day,
        "sums": proof.sums,
        "clicks": proof.clicks,
        "conversions": proof.conversions,
        "reversals": proof.reversals,
        "last_received_at": proof.last_received_at,
        "sealed_at": now,
        "emptied_at": None,
    }
    if not insert_new(tx, seals, [row], returning=("day",)):
        raise Moved


def delete_held(day: LocalDay, campaign_id: str) -> Delete:
    """In the form in which either engine finds them along their index: campaign by campaign, HELD spelled out."""
    held = conversions.c.disposition == literal_column("'HELD'")
    along = (conversions.c.campaign_id == campaign_id, conversions.c.received_at >= day.begin - SKEW)
    return _delete(conversions, day.scope, held, *along, *_during(day))


def find_seal(tx: Transaction, scope: Scope, day: str) -> Row | None:
    return tx.one(select(seals).where(*_in(seals, scope), seals.c.day == day))


def still_full(tx: Transaction, scope: Scope) -> str | None:
    """The oldest sealed day that is not emptied yet."""
    statement = select(seals.c.day).where(*_in(seals, scope), seals.c.emptied_at.is_(None))
    row = tx.one(statement.order_by(seals.c.day).limit(1))
    return row["day"] if row else None


def mark_emptied(tx: Transaction, day: LocalDay, now: Micros) -> None:
    tx.execute(update(seals).where(*_in(seals, day.scope), seals.c.day == day.day).values(emptied_at=now))


def delete_conversions(tx: Transaction, day: LocalDay, seal: Row, after: str) -> Deleted:
    """A slice of a sealed day's conversions; what they came to is added to their visitors' sealed sums at once."""
    ids = _slice(tx, conversions.c.conversion_id, _sealed_conversions(day, seal, after))
    columns = (*KEPT, "campaign_id", "visitor", "credited", "in_test", "value_minor", "currency")
    gone = _delete(conversions, day.scope, conversions.c.conversion_id.in_(ids))
    rows = tx.execute(gone.returning(*(conversions.c[name] for name in columns))).mappings().all() if ids else []
    keys.outlive(tx, *day.scope, rows)  # type: ignore[arg-type]
    add_up(tx, sealed_sums, _sums(day.scope, rows))  # type: ignore[arg-type]
    return Deleted(len(rows), ids[-1] if len(ids) == SLICE else None)


def delete_reversals(tx: Transaction, day: LocalDay, after: str) -> Deleted:
    """A slice of a sealed day's reversals; what they came to is added to their visitors' sealed sums at once."""
    ids = list(tx.execute(reversals_of(day, after)).scalars())
    columns = ("campaign_id", "visitor", "counted", "credited", "in_test", "amount_minor", "currency")
    gone = _delete(reversals, day.scope, reversals.c.reversal_id.in_(ids))
    rows = tx.execute(gone.returning(*(reversals.c[name] for name in columns))).mappings().all() if ids else []
    add_up(tx, sealed_sums, _back(day.scope, rows))  # type: ignore[arg-type]
    return Deleted(len(rows), ids[-1] if len(ids) == SLICE else None)


def reversals_of(day: LocalDay, after: str) -> Select[tuple[str]]:
    id_ = reversals.c.reversal_id
    found = select(id_).where(day.reversals_after(after)).order_by(id_).limit(SLICE)
    return found.with_hint(reversals, REVERSALS_OF_A_DAY, "sqlite")


def _back(scope: Scope, gone: Iterable[Row]) -> list[Row]:
    """As the recount adds up reversals, those of conversions without an amount under ''."""
    sums: dict[tuple[str, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in gone:
        if row["counted"]:
            amount, in_test = row["amount_minor"], int(row["in_test"])
            own = sums[row["campaign_id"], row["visitor"], "" if amount is None else row["currency"] or ""]
            back = (amount or 0) * in_test
            more = {"refunds": int(row["credited"]), "test_refunds": in_test, "test_reversed": back, "test_net": -back}
            for name, value in more.items():
                own[name] += value
    return _rows(scope, sums)


def _sealed_conversions(day: LocalDay, seal: Row, after: str) -> ColumnElement[bool]:
    """As far as they came when it was sealed, whatever the life of a ctx is by now."""
    reach = (conversions.c.conversion_id > after, conversions.c.conversion_id < id_at("cnv", _last(seal) + SKEW))
    return and_(*_in(conversions, day.scope), *reach, *_during(day))


def _last(seal: Row) -> Micros:
    return int(seal["last_received_at"] or 0)


def _sums(scope: Scope, gone: Iterable[Row]) -> list[Row]:
    """As the recount adds up conversions: by visitor and currency, those without an amount under ''."""
    sums: dict[tuple[str, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in gone:
        if row["disposition"] != "COUNTED":
            continue
        value = row["value_minor"]
        own = sums[row["campaign_id"], row["visitor"], "" if value is None else row["currency"] or ""]
        more = {"credited": row["credited"], "in_test": row["in_test"], "gross": value or 0}
        for name, amount in {**more, "test_net": (value or 0) * row["in_test"]}.items():
            own[name] += int(amount)
    return _rows(scope, sums)


def _rows(scope: Scope, sums: Mapping[tuple[str, ...], Mapping[str, int]]) -> list[Row]:
    names = ("handle", "world", "campaign_id", "visitor", "money")
    return [dict(zip(names, (*scope, *key), strict=True)) | dict(own) for key, own in sums.items()]


def clicks_in_use(tx: Transaction, day: LocalDay) -> set[str]:
    """Clicks of a day that conversions of other days still name: these are counted where their click came from."""
    later = day.conversions_after(day.first_conversion, time="clicked_at")
    return {row["click_id"] for row in tx.all(select(conversions.c.click_id).where(later))}


def delete_clicks(tx: Transaction, day: LocalDay, after: str, *, kept: Collection[str]) -> Deleted:
    """A slice of a sealed day's clicks."""
    ids = _slice(tx, clicks.c.click_id, day.clicks_after(after))
    going = [id_ for id_ in ids if id_ not in kept]
    if going:
        tx.execute(_delete(clicks, day.scope, clicks.c.click_id.in_(going)))
    return Deleted(len(going), ids[-1] if len(ids) == SLICE else None)


def _during(day: LocalDay) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return conversions.c.occurred_at >= day.begin, conversions.c.occurred_at < day.end


def _slice(tx: Transaction, id_: ColumnElement[str], where: ColumnElement[bool]) -> list[str]:
    return list(tx.execute(select(id_).where(where).order_by(id_).limit(SLICE)).scalars())


def _delete(table: Table, scope: Scope, *where: ColumnElement[bool]) -> Delete:
    return delete(table).where(*_in(table, scope), *where)


def _in(table: Table, scope: Scope) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.handle == scope[0], table.c.world == scope[1]
