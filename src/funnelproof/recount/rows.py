"""The raw rows of one world of one handle, streamed in the order of their keys: memory does not grow with them."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, select, tuple_

from funnelproof.campaigns import store as campaigns
from funnelproof.clock import Micros
from funnelproof.handles import store as handles
from funnelproof.handles.handle import ZoneFrom
from funnelproof.proofs.forget import KEPT_FOR as WORLDS_KEPT_FOR
from funnelproof.recount.rules import TagRule
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import (
    campaign_history,
    clicks,
    conversions,
    day_tallies,
    ledger,
    ledger_money,
    phase_tallies,
    quarter_tallies,
    reversals,
    sealed_sums,
    seals,
)
from funnelproof.storage.schema import worlds as worlds_table
from funnelproof.worlds import store as worlds

AT_ONCE = 2000
Scope = tuple[str, str]
EVENTS = (clicks, conversions, reversals)
TABLES = (*EVENTS, ledger, ledger_money, day_tallies, phase_tallies, quarter_tallies, seals, sealed_sums)


def scopes(tx: Transaction) -> list[Scope]:
    """Every (handle, world) that has rows or counters, found by leaps along the keys."""
    found: set[Scope] = set()
    for table in TABLES:
        last: Scope = ("", "")
        while (row := tx.one(_next_scope(table, last))) is not None:
            last = (row["handle"], row["world"])
            found.add(last)
    return sorted(found)


def _next_scope(table: Table, after: Scope) -> Select[Any]:
    columns = (table.c.handle, table.c.world)
    return select(*columns).where(tuple_(*columns) > tuple_(*after)).order_by(*columns).limit(1)


def sort_on_disk(tx: Transaction) -> None:
    """SQLite is told elsewhere to sort in memory, which is right for small answers only."""
    if tx.dialect == "sqlite":
        tx.connection.exec_driver_sql("PRAGMA temp_store=FILE")


def size(scope: Scope, tx: Transaction) -> int:
    """How many rows there are to read."""
    counts = (select(func.count()).select_from(table).where(within(table, scope)) for table in EVENTS)
    return sum(int(tx.execute(count).scalar_one()) for count in counts)


def is_going(tx: Transaction, scope: Scope, now: Micros) -> bool:
    """Whether this is the world of an old run, whose rows are being deleted bit by bit."""
    table = worlds_table
    opened = select(table.c.opened_at).where(table.c.handle == scope[0], table.c.world == scope[1])
    row = tx.one(opened)
    return row is not None and row["opened_at"] < now - WORLDS_KEPT_FOR


def zones(tx: Transaction, scope: Scope) -> tuple[ZoneFrom, ...]:
    """The handle's time zones; a run has those of its snapshot."""
    world = worlds.find(tx, *scope)
    owner = world.snapshot.handle if world else handles.find(tx, scope[0])
    return owner.zones if owner else (ZoneFrom(0, "UTC"),)


def tag_rules(tx: Transaction, scope: Scope) -> dict[str, TagRule]:
    """By campaign, as they stand now."""
    handle = scope[0]
    refs = {(handle, row["campaign_id"]) for row in tx.all(_campaigns_in(scope)) if row["campaign_id"]}
    changed = _policy_changes(tx, handle)
    found = campaigns.by_ref(tx, refs) if refs else {}
    return {
        campaign_id: TagRule(campaign.required_tags, changed.get(campaign_id, 0))
        for (_, campaign_id), campaign in found.items()
    }


def _campaigns_in(scope: Scope) -> Select[Any]:
    return select(quarter_tallies.c.campaign_id).where(within(quarter_tallies, scope)).distinct()


def _policy_changes(tx: Transaction, handle: str) -> dict[str, Micros]:
    columns = (campaign_history.c.campaign_id, campaign_history.c.at, campaign_history.c.details)
    statement = select(*columns).where(campaign_history.c.handle == handle, campaign_history.c.act == "changed")
    rows = tx.all(statement.order_by(campaign_history.c.at))
    return {row["campaign_id"]: row["at"] for row in rows if "tag_policy" in (row["details"] or {}).get("changed", [])}


def seals_of(tx: Transaction, scope: Scope) -> dict[str, Row]:
    """By local day."""
    return {row["day"]: row for row in tx.all(select(seals).where(within(seals, scope)).order_by(seals.c.day))}


def click_rows(tx: Transaction, scope: Scope) -> Iterator[Row]:
    return streamed(tx, clicks_in(scope))


def clicks_in(scope: Scope) -> Select[Any]:
    """Clicks with the first moment of their visitor (None: no person's click is known of it), by id."""
    names = ("campaign_id", "slug", "variant", "visitor", "kind", "clicked_at", "tags", "with_ctx")
    place = ("country", "device", "referrer", "source")
    return (
        select(clicks.c.click_id, *(clicks.c[name] for name in names + place), ledger.c.first_at)
        .select_from(clicks.outerjoin(ledger, _same(clicks, ledger, "campaign_id", "visitor")))
        .where(within(clicks, scope))
        .order_by(clicks.c.click_id)
    )


def conversion_rows(tx: Transaction, scope: Scope) -> Iterator[Row]:
    return streamed(tx, conversions_in(scope))


def conversions_in(scope: Scope) -> Select[Any]:
    """Conversions with the dimensions of their click and the first moment of their visitor, by id."""
    names = ("campaign_id", "slug", "variant", "visitor", "disposition", "credited", "value_minor", "currency")
    times = ("clicked_at", "occurred_at", "received_at")
    unknown = {"country": "ZZ", "device": "UNKNOWN", "referrer": "direct", "source": "direct"}
    joined = conversions.outerjoin(clicks, _same(conversions, clicks, "click_id"))
    joined = joined.outerjoin(ledger, _same(conversions, ledger, "campaign_id", "visitor"))
    return (
        select(
            conversions.c.conversion_id,
            *(conversions.c[name] for name in names + times),
            *(func.coalesce(clicks.c[name], default).label(name) for name, default in unknown.items()),
            ledger.c.first_at,
        )
        .select_from(joined)
        .where(within(conversions, scope))
        .order_by(conversions.c.conversion_id)
    )


def reversal_rows(tx: Transaction, scope: Scope) -> Iterator[Row]:
    return streamed(tx, reversals_in(scope))


def reversals_in(scope: Scope) -> Select[Any]:
    """Reversals beside what their conversions say today, as `of_…` (None: its row is gone, or has not come)."""
    joined = reversals.outerjoin(conversions, _same(reversals, conversions, "conversion_id"))
    joined = joined.outerjoin(clicks, _same(conversions, clicks, "click_id"))
    joined = joined.outerjoin(ledger, _same(conversions, ledger, "campaign_id", "visitor"))
    of = conversions.c
    is_new = and_(of.credited == True, ledger.c.first_at == of.clicked_at)  # noqa: E712 - SQL
    names = ("campaign_id", "visitor", "variant", "slug", "in_test", "credited", "value_minor")
    unknown = {"country": "ZZ", "device": "UNKNOWN", "referrer": "direct", "source": "direct"}
    return (
        select(
            reversals,
            of.conversion_id.label("of_conversion"),
            case((of.disposition == "COUNTED", 1), else_=0).label("of_counted"),
            *(of[name].label(f"of_{name}") for name in names),
            *(func.coalesce(clicks.c[name], default).label(f"of_{name}") for name, default in unknown.items()),
            case((is_new, "new"), else_="returning").label("of_segment"),
        )
        .select_from(joined)
        .where(within(reversals, scope))
        .order_by(reversals.c.reversal_id)
    )


def over_reversed(tx: Transaction, scope: Scope) -> Iterator[Row]:
    """Conversions of which more was taken back than they came to."""
    of, sums = reversals.c, func.sum(func.coalesce(reversals.c.amount_minor, 0))
    value = func.max(func.coalesce(conversions.c.value_minor, 0))
    statement = (
        select(of.campaign_id, of.conversion_id, sums.label("reversed"), value.label("value"))
        .select_from(reversals.join(conversions, _same(reversals, conversions, "conversion_id")))
        .where(within(reversals, scope))
        .group_by(of.campaign_id, of.conversion_id)
        .having(sums > value)
    )
    return streamed(tx, statement)


def streamed(tx: Transaction, statement: Select[Any]) -> Iterator[Row]:
    streamed = statement.execution_options(stream_results=True, yield_per=AT_ONCE)
    yield from tx.execute(streamed).mappings()  # type: ignore[misc]


def within(table: Table, scope: Scope) -> ColumnElement[bool]:
    return and_(table.c.handle == scope[0], table.c.world == scope[1])


def _same(one: Table, other: Table, *names: str) -> ColumnElement[bool]:
    """Rows of one handle and world that agree in these columns."""
    return and_(*(one.c[name] == other.c[name] for name in ("handle", "world", *names)))


def stored(
    tx: Transaction, table: Table, scope: Scope, *narrower: ColumnElement[bool]
) -> Iterator[tuple[tuple[Any, ...], Mapping[str, int]]]:
    """(key without slot, counters summed over slots) of a tally, in the order of its keys."""
    keys = [column for column in table.primary_key if column.name != "slot"]
    counters = [column for column in table.columns if not column.primary_key]
    sums = [func.sum(column).label(column.name) for column in counters]
    statement = select(*keys, *sums).where(within(table, scope), *narrower).group_by(*keys).order_by(*keys)
    for row in streamed(tx, statement):
        key = tuple(row[column.name] for column in keys)
        yield key, {column.name: int(row[column.name]) for column in counters}
