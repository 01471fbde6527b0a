"""Sales, refunds, duplicates and releases in any order, on both engines: exact sums, and the same settled counts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from conversions.conftest import claim, ctx_of
from funnel import Funnel
from funnelproof.audit.act import Act
from funnelproof.clock import DAY
from funnelproof.conversions.record import record
from funnelproof.conversions.release import Stretch, release_slice
from funnelproof.conversions.reversal import NewReversal
from funnelproof.conversions.reverse import reverse
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.links.ctx import Ctx
from funnelproof.recount.compare import recount
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import (
    claims,
    conversion_keys,
    conversions,
    day_tallies,
    ledger,
    ledger_money,
    phase_tallies,
    quarter_tallies,
    reversals,
)
from funnelproof.tallies.move import SQUARES_BASE

MOVED = (conversions, reversals, conversion_keys, claims, ledger, ledger_money, day_tallies, phase_tallies)
CURRENCIES = ("USD", "JPY", "KWD")


class Sale(NamedTuple):
    """`click` names one of a few clicks, the last of which came while the campaign was paused."""

    click: int
    minor: int
    currency: str


AMOUNTS = st.integers(0, 10**9)
SALES = st.lists(st.builds(Sale, st.integers(0, 3), AMOUNTS, st.sampled_from(CURRENCIES)), min_size=1, max_size=5)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Sale], list[tuple[str, int]]]:
    """Sales, and in which order what happens: sales, their refunds (each twice at times), and releases."""
    sales = draw(SALES)
    acts = [("sale", n) for n in range(len(sales))]
    for n in range(len(sales)):
        acts += [
            (f"refund {part}", n) for part in draw(st.lists(st.sampled_from([1, 2, 3, 4]), max_size=3, unique=True))
        ]
    acts += draw(st.lists(st.sampled_from(acts), max_size=4))
    acts += [("release", 0)] * draw(st.integers(0, 2))
    return sales, draw(st.permutations(acts))


class Shop:
    """Does what a story says, and forgets all of it afterwards but the clicks."""

    def __init__(self, shop: Funnel, home: Installation) -> None:
        self.shop, self.home, self.ctxs = shop, home, self._clicks(shop)
        self.before = {table: shop.rows(table.name) for table in (*MOVED, quarter_tallies)}

    @staticmethod
    def _clicks(shop: Funnel) -> list[Ctx]:
        shop.campaign(maxPerClick=0)
        ctxs = [ctx_of(shop, person=person) for person in (1, 1, 2)]
        shop.move("PAUSED")
        ctxs.append(ctx_of(shop, person=3))
        shop.move("ACTIVE")
        ctx_of(shop, person=3)
        return ctxs

    def live(self, sales: Sequence[Sale], acts: Sequence[tuple[str, int]]) -> Mapping[Any, int]:
        """What the counters say at the end: after a last release they are settled."""
        self.home.database.write_now(self._forget)
        for act, number in [*acts, ("release", 0)]:
            self._do(act, number, sales[number])
        assert recount(self.home.database, now=self.home.clock.now()).differences == []
        return self._settled()

    def _do(self, act: str, number: int, sale: Sale) -> None:
        if act == "sale":
            value = _text(sale.minor, sale.currency)
            told = claim(self.ctxs[sale.click], f"sale-{number}", value=value, currency=sale.currency)
            self.home.database.write_now(partial(record, claims=[told]))
        elif act == "release":
            now = self.home.clock.now()
            stretch, by = Stretch("gharart", now - DAY, now + DAY), Act("nobody", now, None)
            self.home.database.write_now(partial(release_slice, stretch=stretch, after=None, act=by))
        else:
            self._take_back(number, int(act.removeprefix("refund ")), sale)

    def _take_back(self, number: int, part: int, sale: Sale) -> None:
        """Parts of 1, 2, 3 and 4 tenths: together never more than the sale. Nothing is no refund."""
        minor = sale.minor * part // 10
        if minor == 0:
            return
        told = NewReversal(
            reversal_id=new_id("rev"),
            handle="gharart",
            key=f"refund-{number}-{part}",
            digest="",
            conversion_id=None,
            conversion_key=f"sale-{number}",
            amount_text=_text(minor, sale.currency),
            occurred_at=None,
            reason=None,
            run=None,
            received_at=self.home.clock.now(),
            request_id="req_1",
        )
        self.home.database.write_now(partial(reverse, told=told))

    def _settled(self) -> Mapping[Any, int]:
        sums: dict[Any, int] = defaultdict(int)
        for row in (*self.shop.rows("day_tallies"), *self.shop.rows("phase_tallies")):
            row = row | {"squares": row.pop("squares_high", 0) * SQUARES_BASE + row.pop("squares_low", 0)}
            at = tuple(
                value for name, value in sorted(row.items()) if isinstance(value, str) or name in ("epoch", "variant")
            )
            for name, value in row.items():
                if isinstance(value, int) and name not in ("epoch", "phase", "variant", "slot"):
                    sums[*at, name] += value
        return {key: value for key, value in sums.items() if value}

    def _forget(self, tx: Transaction) -> None:
        for table, rows in self.before.items():
            tx.execute(delete(table))
            if rows:
                tx.execute(table.insert(), rows)


def _text(minor: int, currency: str) -> str:
    digits = {"USD": 2, "JPY": 0, "KWD": 3}[currency]
    return f"{minor // 10**digits}.{minor % 10**digits:0{digits}d}" if digits else str(minor)


def test_what_comes_in_any_order_counts_the_same_and_exactly(shop: Funnel, home: Installation) -> None:
    lived = Shop(shop, home)

    @settings(max_examples=12, suppress_health_check=list(HealthCheck), database=None)
    @given(story=stories())
    def check(story: tuple[list[Sale], list[tuple[str, int]]]) -> None:
        sales, acts = story
        expected = _expected(sales, acts)
        first = lived.live(sales, acts)
        assert _squares(shop) == expected
        assert lived.live(sales, sorted(set(acts))) == first
        assert lived.live(sales, sorted(set(acts), reverse=True)) == first

    check()


def _expected(sales: Sequence[Sale], acts: Sequence[tuple[str, int]]) -> dict[str, tuple[int, int, int]]:
    """By currency (Σ gross, Σ y, Σ y²) of the test, from the story alone. Clicks 0 and 1 are one visitor's."""
    gross: dict[str, int] = defaultdict(int)
    net: dict[tuple[int, str], int] = defaultdict(int)
    for number, sale in enumerate(sales):
        if sale.click == 3:
            continue  # a click of the pause: in the funnel, once it is released, and not in the test
        parts = {int(act.split()[1]) for act, of in acts if of == number and act.startswith("refund")}
        gross[sale.currency] += sale.minor
        net[max(1, sale.click), sale.currency] += sale.minor - sum(sale.minor * part // 10 for part in parts)
    return {
        currency: (
            gross[currency],
            sum(y for (_, own), y in net.items() if own == currency),
            sum(y**2 for (_, own), y in net.items() if own == currency),
        )
        for currency in gross
        if gross[currency]
    }


def _squares(shop: Funnel) -> dict[str, tuple[int, int, int]]:
    found: dict[str, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for row in shop.rows("phase_tallies"):
        own = (
            row["net_minor"] + row["reversed_minor"],
            row["net_minor"],
            row["squares_high"] * SQUARES_BASE + row["squares_low"],
        )
        if row["currency"] and any(own):
            before = found[row["currency"]]
            found[row["currency"]] = (before[0] + own[0], before[1] + own[1], before[2] + own[2])
    return dict(found)
