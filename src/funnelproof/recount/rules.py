"""What each counter is, said by rows of clicks, conversions and visitors. All rules of the recount are on this page.

Not here, for they have no rows: page views, clicks on a page's buttons, a page's report that it opened, refused and
repeated conversions.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from funnelproof.clicks.counting import entry_name
from funnelproof.clock import Micros, local_day
from funnelproof.handles.handle import ZoneFrom, zone_at
from funnelproof.storage.database import Row
from funnelproof.tallies.move import ALL, QUARTER, Moves, Place, squares

DAY_COUNTERS = (
    "clicks",
    "qualified_clicks",
    "bot_clicks",
    "visitors",
    "conversions",
    "converters",
    "gross_minor",
    "net_minor",
    "refunded_converters",
)
PEOPLE_COUNTERS = ("visitors", "converters", "refunded_converters")
EVENT_COUNTERS = tuple(name for name in DAY_COUNTERS if name not in PEOPLE_COUNTERS)
DIMENSIONS = (ALL, "variant", "slug", "country", "device", "referrer", "source", "segment")
PHASE_COUNTERS = (
    "visitors",
    "arrived",
    "converters",
    "conversions",
    "net_minor",
    "squares",
    "refunded_converters",
    "reversed_minor",
)
QUARTER_SUBJECTS = ("clicks", "bots", "qualified", "by_variant", "entered", "with_ctx", "ctx_accepted", "conversions")
TAG_SUBJECTS = ("tagged", "missing_tag")
REMEMBERED = 100_000
VisitorRef = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Money:
    """What a visitor's counted conversions come to in one currency, all of them and those of the test.

    `test_minor` is net: `test_reversed`, what was taken back, is taken off.
    """

    gross_minor: int
    test_minor: int
    test_orders: int = 0
    test_reversed: int = 0


@dataclass(frozen=True, slots=True)
class VisitorSums:
    """What the conversions and reversals of one visitor come to."""

    conversions: int = 0
    test_conversions: int = 0
    refunds: int = 0
    test_refunds: int = 0
    money: Mapping[str, Money] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TagRule:
    """The tags that a campaign asks for, and since when it has asked for just these."""

    required: Sequence[str]
    since: Micros


class Recount:
    """The counters of one world of one handle, as its rows say they should stand.

    Events of `sealed` days are left out of the days: some of their rows are gone, and their seals speak for them.
    """

    def __init__(
        self,
        handle: str,
        world: str,
        zones: tuple[ZoneFrom, ...],
        tags: Mapping[str, TagRule],
        *,
        sealed: Collection[str] = (),
    ) -> None:
        self.handle, self.world = handle, world
        self.moves = Moves()
        self.tags = tags
        self._sealed = sealed
        self._zones = zones
        self._days: dict[int, str] = {}
        self._met: OrderedDict[VisitorRef, None] = OrderedDict()

    def count_click(self, row: Row) -> None:
        """A click counts on the local day of its moment. Qualified is whatever a person did."""
        qualified = row["kind"] == "PERSON"
        if self.day_of(row["clicked_at"]) not in self._sealed:
            dimensions = _dimensions(row, segment="new" if self._is_new(row, qualified=qualified) else "returning")
            self.moves.add_day(
                self._place(row, row["clicked_at"], dimensions),
                clicks=1,
                qualified_clicks=int(qualified),
                bot_clicks=int(row["kind"] == "BOT"),
            )
        self._count_quarter_of_click(row, qualified=qualified)

    def _count_quarter_of_click(self, row: Row, *, qualified: bool) -> None:
        self._add_quarter(row, "clicked_at", "clicks", row["slug"])
        if row["kind"] == "BOT":
            self._add_quarter(row, "clicked_at", "bots")
        if not qualified:
            return
        self._add_quarter(row, "clicked_at", "qualified", row["slug"])
        self._add_quarter(row, "clicked_at", "by_variant", str(row["variant"]))
        if row["with_ctx"]:
            self._add_quarter(row, "clicked_at", "with_ctx", row["slug"])
        self._count_tags(row)

    def _count_tags(self, row: Row) -> None:
        """A click has its tags if it brought, or its link gave it, all that its campaign asks for."""
        rule = self.tags.get(row["campaign_id"])
        missing = [tag for tag in rule.required if not (row["tags"] or {}).get(tag)] if rule else []
        if not missing:
            self._add_quarter(row, "clicked_at", "tagged", row["slug"])
        for tag in missing:
            self._add_quarter(row, "clicked_at", "missing_tag", f"{row['slug']} {tag}")

    def count_conversion(self, row: Row) -> None:
        """A counted conversion counts on the local day on which it occurred, in the dimensions of its click."""
        self._add_quarter(row, "received_at", "ctx_accepted", str(row["variant"]))
        self._add_quarter(row, "received_at", "conversions", f"{row['disposition']} {row['variant']}")
        if row["disposition"] != "COUNTED" or self.day_of(row["occurred_at"]) in self._sealed:
            return
        is_first = row["credited"] and row["first_at"] == row["clicked_at"]
        dimensions = _dimensions(row, segment="new" if is_first else "returning")
        place = self._place(row, row["occurred_at"], dimensions)
        self.moves.add_day(place, conversions=1)
        if row["value_minor"] is not None and row["currency"] is not None:
            amount = row["value_minor"]
            self.moves.add_day(place, currency=row["currency"], gross_minor=amount, net_minor=amount)

    def count_reversal(self, row: Row) -> None:
        """A reversal of a counted conversion lowers net on its own day, in the dimensions of the conversion."""
        if not row["counted"] or not row["amount_minor"] or self.day_of(row["counts_at"]) in self._sealed:
            return
        place = self._place(row, row["counts_at"], _dimensions(row, segment=row["segment"]))
        self.moves.add_day(place, currency=row["currency"], net_minor=-row["amount_minor"])

    def count_visitor(self, row: Row, sums: VisitorSums) -> None:
        """A visitor counts once: on the day and in the dimensions of its first click, under the variant it has now."""
        place = self._place(row, row["first_at"], _dimensions(row, segment="new"))
        refunded = int(sums.refunds > 0)
        self.moves.add_day(place, visitors=1, converters=int(sums.conversions > 0), refunded_converters=refunded)
        in_test = row["cohort"] == "ENTERED"
        of_test = sums.test_conversions if in_test else sums.conversions
        refunds = sums.test_refunds if in_test else sums.refunds
        self.moves.add_phase(
            self._phase(row),
            visitors=1,
            arrived=int(row["arrived_at"] is not None),
            converters=int(of_test > 0),
            conversions=sums.test_conversions,
            refunded_converters=int(refunds > 0),
        )
        if in_test and row["entered_at"] is not None:
            name = entry_name(row["epoch"], row["phase"], row["variant"])
            self._add_quarter(row, "entered_at", "entered", name)
        for currency, money in sums.money.items():
            high, low = squares(money.test_minor**2)
            moved = {"conversions": money.test_orders, "net_minor": money.test_minor}
            moved |= {"reversed_minor": money.test_reversed}
            moved |= {"squares_high": high, "squares_low": low}
            self.moves.add_phase(self._phase(row, currency), **moved)

    def _is_new(self, row: Row, *, qualified: bool) -> bool:
        """Whether the visitor was not known before this click: its first by a person, or one that came before that.

        Which of several in the same millisecond came first, only their order tells: it is remembered for the latest.
        """
        first_at, ref = row["first_at"], (row["campaign_id"], row["visitor"])
        if first_at is None:
            return True
        if row["clicked_at"] != first_at:
            return not qualified and bool(row["clicked_at"] < first_at)
        if ref in self._met:
            return False
        if qualified:
            self._met[ref] = None
            if len(self._met) > REMEMBERED:
                self._met.popitem(last=False)
        return True

    def _place(self, row: Row, at: Micros, dimensions: Mapping[str, str]) -> Place:
        return Place(self.handle, self.world, row["campaign_id"], self.day_of(at), dimensions)

    def day_of(self, at: Micros) -> str:
        """Days begin on a quarter hour in every zone, so one look a quarter is enough."""
        quarter = at // QUARTER
        if quarter not in self._days:
            begin = quarter * QUARTER
            self._days[quarter] = local_day(begin, zone_at(self._zones, begin))
        return self._days[quarter]

    def _phase(self, row: Row, currency: str = "") -> tuple[str, str, str, int, int, int, str, str, str]:
        ref = (self.handle, self.world, row["campaign_id"])
        return (*ref, row["epoch"], row["phase"], row["variant"], row["cohort"], row["identity"], currency)

    def _add_quarter(self, row: Row, time: str, subject: str, name: str = "") -> None:
        self.moves.add_quarter((self.handle, self.world, row["campaign_id"]), row[time], subject, name)


def _dimensions(row: Row, *, segment: str) -> dict[str, str]:
    return {
        "variant": str(row["variant"]),
        "slug": row["slug"],
        "country": row["country"],
        "device": row["device"],
        "referrer": row["referrer"],
        "source": row["source"],
        "segment": segment,
    }
