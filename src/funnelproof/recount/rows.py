"""The raw rows of one world of one handle, streamed in the order of their keys: memory does not grow with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, literal, select, tuple_

from funnelproof.campaigns import store as campaigns
from funnelproof.clock import Micros
from funnelproof.handles import store as handles
from funnelproof.handles.handle import ZoneFrom
from funnelproof.proofs.forget import KEPT_FOR as WORLDS_KEPT_FOR
from funnelproof.recount.rules import Money, TagRule, VisitorSums
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
OF_REVERSALS = ("refunds", "test_refunds", "test_reversed")
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
    counts = (select(func.count()).select_from(table).where(_within(table, scope)) for table in EVENTS)
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
    return select(quarter_tallies.c.campaign_id).where(_within(quarter_tallies, scope)).distinct()


def _policy_changes(tx: Transaction, handle: str) -> dict[str, Micros]:
    columns = (campaign_history.c.campaign_id, campaign_history.c.at, campaign_history.c.details)
    statement = select(*columns).where(campaign_history.c.handle == handle, campaign_history.c.act == "changed")
    rows = tx.all(statement.order_by(campaign_history.c.at))
    return {row["campaign_id"]: row["at"] for row in rows if "tag_policy" in (row["details"] or {}).get("changed", [])}


def seals_of(tx: Transaction, scope: Scope) -> dict[str, Row]:
    """By local day."""
    return {row["day"]: row for row in tx.all(select(seals).where(_within(seals, scope)).order_by(seals.c.day))}


def click_rows(tx: Transaction, scope: Scope) -> Iterator[Row]:
    return _streamed(tx, clicks_in(scope))


def clicks_in(scope: Scope) -> Select[Any]:
    """Clicks with the first moment of their visitor (None: no person's click is known of it), by id."""
    names = ("campaign_id", "slug", "variant", "visitor", "kind", "clicked_at", "tags", "with_ctx")
    place = ("country", "device", "referrer", "source")
    return (
        select(clicks.c.click_id, *(clicks.c[name] for name in names + place), ledger.c.first_at)
        .select_from(clicks.outerjoin(ledger, _same(clicks, ledger, "campaign_id", "visitor")))
        .where(_within(clicks, scope))
        .order_by(clicks.c.click_id)
    )


def conversion_rows(tx: Transaction, scope: Scope) -> Iterator[Row]:
    return _streamed(tx, conversions_in(scope))


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
        .where(_within(conversions, scope))
        .order_by(conversions.c.conversion_id)
    )


def reversal_rows(tx: Transaction, scope: Scope) -> Iterator[Row]:
    return _streamed(tx, reversals_in(scope))


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
        .where(_within(reversals, scope))
        .order_by(reversals.c.reversal_id)
    )


def over_reversed(tx: Transaction, scope: Scope) -> Iterator[Row]:
    """Conversions of which more was taken back than they came to."""
    of, sums = reversals.c, func.sum(func.coalesce(reversals.c.amount_minor, 0))
    value = func.max(func.coalesce(conversions.c.value_minor, 0))
    statement = (
        select(of.campaign_id, of.conversion_id, sums.label("reversed"), value.label("value"))
        .select_from(reversals.join(conversions, _same(reversals, conversions, "conversion_id")))
        .where(_within(reversals, scope))
        .group_by(of.campaign_id, of.conversion_id)
        .having(sums > value)
    )
    return _streamed(tx, statement)


@dataclass(slots=True)
class Standing:
    """All that is kept of one visitor: its ledger row, its stored money by currency, and what its conversions and
    their reversals say. Those that retention deleted speak by the sums it kept of them.
    """

    campaign_id: str
    visitor: str
    row: Row | None = None
    stored_money: dict[str, Money] = field(default_factory=dict)
    sums: VisitorSums = field(default_factory=VisitorSums)


def standings(tx: Transaction, scope: Scope) -> Iterator[Standing]:
    """Visitors in the order of (campaign, visitor): five streams read side by side."""
    streams = (
        _by_visitor(tx, select(ledger), ledger, scope),
        _by_visitor(tx, select(ledger_money), ledger_money, scope),
        _by_visitor(tx, _sums_by_visitor(), conversions, scope),
        _by_visitor(tx, _refunds_by_visitor(), reversals, scope),
        _by_visitor(tx, select(sealed_sums), sealed_sums, scope),
    )
    heads = [next(stream, None) for stream in streams]
    while present := [head[0] for head in heads if head is not None]:
        ref = min(present)
        parts: list[list[Row]] = [[] for _ in streams]
        for at, head in enumerate(heads):
            if head is not None and head[0] == ref:
                parts[at], heads[at] = head[1], next(streams[at], None)
        kept, money, made, refunded, sealed = parts
        stored = {row["currency"]: Money(row["gross_minor"], row["test_net_minor"]) for row in money}
        yield Standing(
            *ref, row=kept[0] if kept else None, stored_money=stored, sums=_added_up([*made, *refunded, *sealed])
        )


def _added_up(made: list[Row]) -> VisitorSums:
    money: dict[str, Money] = {}
    for row in made:
        if row["money"]:
            had = money.get(row["money"], Money(0, 0))
            more = (int(row[name]) for name in ("gross", "test_net", "in_test", "test_reversed"))
            both = zip((had.gross_minor, had.test_minor, had.test_orders, had.test_reversed), more, strict=True)
            money[row["money"]] = Money(*(sum(pair) for pair in both))
    return VisitorSums(
        conversions=sum(int(row["credited"]) for row in made),
        test_conversions=sum(int(row["in_test"]) for row in made),
        refunds=sum(int(row["refunds"]) for row in made),
        test_refunds=sum(int(row["test_refunds"]) for row in made),
        money=money,
    )


def _by_visitor(
    tx: Transaction, statement: Select[Any], table: Table, scope: Scope
) -> Iterator[tuple[tuple[str, str], list[Row]]]:
    columns = (table.c.campaign_id, table.c.visitor)
    rows = _streamed(tx, statement.where(_within(table, scope)).order_by(*columns))
    for ref, group in groupby(rows, key=lambda row: (row["campaign_id"], row["visitor"])):
        yield ref, list(group)


def _sums_by_visitor() -> Select[Any]:
    """Counted conversions of each visitor and currency; conversions without an amount under the currency ''."""
    counted, in_test = conversions.c.disposition == "COUNTED", conversions.c.in_test == True  # noqa: E712 - SQL
    credited = conversions.c.credited == True  # noqa: E712 - SQL
    money = case((conversions.c.value_minor.is_(None), ""), else_=func.coalesce(conversions.c.currency, ""))
    value = func.coalesce(conversions.c.value_minor, 0)
    return select(
        conversions.c.campaign_id,
        conversions.c.visitor,
        money.label("money"),
        func.sum(case((credited, 1), else_=0)).label("credited"),
        func.sum(case((in_test, 1), else_=0)).label("in_test"),
        func.sum(case((counted, value), else_=0)).label("gross"),
        func.sum(case((in_test, value), else_=0)).label("test_net"),
        *(literal(0).label(name) for name in OF_REVERSALS),
    ).group_by(conversions.c.campaign_id, conversions.c.visitor, money)


def _refunds_by_visitor() -> Select[Any]:
    """Reversals of counted conversions, in the same form. A visitor's refunds are those that it was credited with."""
    of = reversals.c
    counted = of.counted == True  # noqa: E712 - SQL
    credited = and_(counted, of.credited == True)  # noqa: E712 - SQL
    in_test = and_(counted, of.in_test == True)  # noqa: E712 - SQL
    money = case((of.amount_minor.is_(None), ""), else_=func.coalesce(of.currency, ""))
    back = func.sum(case((in_test, func.coalesce(of.amount_minor, 0)), else_=0))
    return select(
        of.campaign_id,
        of.visitor,
        money.label("money"),
        *(literal(0).label(name) for name in ("credited", "in_test", "gross")),
        (-back).label("test_net"),
        func.sum(case((credited, 1), else_=0)).label("refunds"),
        func.sum(case((in_test, 1), else_=0)).label("test_refunds"),
        back.label("test_reversed"),
    ).group_by(of.campaign_id, of.visitor, money)


def _streamed(tx: Transaction, statement: Select[Any]) -> Iterator[Row]:
    streamed = statement.execution_options(stream_results=True, yield_per=AT_ONCE)
    yield from tx.execute(streamed).mappings()  # type: ignore[misc]


def _within(table: Table, scope: Scope) -> ColumnElement[bool]:
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
    statement = select(*keys, *sums).where(_within(table, scope), *narrower).group_by(*keys).order_by(*keys)
    for row in _streamed(tx, statement):
        key = tuple(row[column.name] for column in keys)
        yield key, {column.name: int(row[column.name]) for column in counters}
