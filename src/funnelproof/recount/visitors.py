"""All that is kept of each visitor, and what its conversions and reversals come to: streams read side by side."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Select, Table, and_, case, func, literal, select

from funnelproof.recount.rows import Scope, streamed, within
from funnelproof.recount.rules import Money, VisitorSums
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import conversions, ledger, ledger_money, reversals, sealed_sums

OF_REVERSALS = ("refunds", "test_refunds", "test_reversed")


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
    rows = streamed(tx, statement.where(within(table, scope)).order_by(*columns))
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
