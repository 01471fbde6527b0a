"""What a test has counted, by phase, variant and identity: integers from the tallies. Knows no storage and no web."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from funnelproof.clock import Micros
from funnelproof.statistics import ArmRevenue, Phase, RevenueStratum, Stratum

EXCLUSIONS = ("outside", "daily", "rule", "earlier", "paused", "after", "late")
"""Why somebody in the funnel is in no figure of the test."""


class Place(NamedTuple):
    phase: int
    variant: int
    identity: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Visitors who entered at one place, those whose ctx was seen again, those who converted, all conversions.

    `refunded` are converters of whose conversions something was taken back.
    """

    visitors: int = 0
    arrived: int = 0
    converters: int = 0
    conversions: int = 0
    refunded: int = 0

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(
            self.visitors + other.visitors,
            self.arrived + other.arrived,
            self.converters + other.converters,
            self.conversions + other.conversions,
            self.refunded + other.refunded,
        )


@dataclass(frozen=True, slots=True)
class Earned:
    """Orders in one currency; Σy and Σy² of what each visitor spent net, and what was taken back, in minor units."""

    orders: int = 0
    total: int = 0
    squares: int = 0
    taken_back: int = 0

    def __add__(self, other: "Earned") -> "Earned":
        return Earned(
            self.orders + other.orders,
            self.total + other.total,
            self.squares + other.squares,
            self.taken_back + other.taken_back,
        )


@dataclass(frozen=True, slots=True)
class Split:
    """How new visitors were shared out from a moment on: open buckets by variant number."""

    phase: int
    started_at: Micros
    ramp_percent: int
    open_buckets: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """One epoch of a test. `splits` are its phases, oldest first; `earned` is by place and currency.

    The funnel is that of the whole campaign: its visitors are those of the variants and all `excluded` together.
    """

    epoch: int
    splits: tuple[Split, ...]
    cells: Mapping[Place, Cell]
    earned: Mapping[tuple[Place, str], Earned]
    funnel_visitors: int
    funnel_converters: int
    cookieless_visitors: int
    excluded: Mapping[str, int]
    excluded_converters: Mapping[str, int]

    def of(self, variant: int) -> Cell:
        return sum((cell for place, cell in self.cells.items() if place.variant == variant), Cell())

    @property
    def entered(self) -> set[int]:
        """Variants that somebody entered."""
        return {place.variant for place, cell in self.cells.items() if cell.visitors > 0}

    @property
    def ever_open(self) -> set[int]:
        """Variants that somebody entered or could have entered."""
        reachable = {number for split in self.splits for number, buckets in split.open_buckets.items() if buckets > 0}
        return reachable | self.entered

    def strata(self, control: int, variant: int) -> list[Stratum]:
        """Phases and identities in which both arms had open buckets and visitors."""
        cells = [(self._cell(a), self._cell(b)) for a, b in self._pairs(control, variant)]
        return [
            Stratum(a.visitors, a.converters, b.visitors, b.converters) for a, b in cells if a.visitors and b.visitors
        ]

    def arrivals(self, control: int, variant: int) -> list[Stratum]:
        """The same, with those whose ctx was seen again in place of those who converted."""
        cells = [(self._cell(a), self._cell(b)) for a, b in self._pairs(control, variant)]
        return [Stratum(a.visitors, a.arrived, b.visitors, b.arrived) for a, b in cells if a.visitors and b.visitors]

    def refunds(self, control: int, variant: int) -> list[Stratum]:
        """The same of converters, and of those to whom something was given back."""
        cells = [(self._cell(a), self._cell(b)) for a, b in self._pairs(control, variant)]
        both = [(a, b) for a, b in cells if a.converters and b.converters]
        return [Stratum(a.converters, a.refunded, b.converters, b.refunded) for a, b in both]

    def revenue_strata(self, control: int, variant: int, currency: str) -> list[RevenueStratum]:
        return [
            RevenueStratum(self._revenue([a], currency), self._revenue([b], currency))
            for a, b in self._pairs(control, variant)
        ]

    def revenue(self, variant: int, currency: str) -> ArmRevenue:
        """All of a variant's visitors and what they spent in one currency."""
        return self._revenue([place for place in self.cells if place.variant == variant], currency)

    def orders(self, variant: int) -> dict[str, Earned]:
        """What a variant's visitors spent, by currency."""
        found: dict[str, Earned] = {}
        for (place, currency), earned in self.earned.items():
            if place.variant == variant:
                found[currency] = found.get(currency, Earned()) + earned
        return found

    def phases(self, variants: tuple[int, ...]) -> list[Phase]:
        """Entries and open buckets of these variants in each phase, for the test of the split."""
        return [
            Phase(
                entries=tuple(self.entries(split.phase, number) for number in variants),
                buckets=tuple(split.open_buckets.get(number, 0) for number in variants),
            )
            for split in self.splits
        ]

    def entries(self, phase: int, variant: int) -> int:
        return sum(cell.visitors for place, cell in self.cells.items() if place[:2] == (phase, variant))

    def leaked(self) -> int:
        """First entries into a variant that had no open bucket in that phase."""
        buckets = {split.phase: split.open_buckets for split in self.splits}
        return sum(
            cell.visitors
            for place, cell in self.cells.items()
            if place.phase in buckets and not buckets[place.phase].get(place.variant)
        )

    def _pairs(self, control: int, variant: int) -> list[tuple[Place, Place]]:
        """Places of both arms, side by side, while both were open."""
        identities = sorted({place.identity for place in self.cells})
        both_open = [split for split in self.splits if {control, variant} <= _open(split)]
        return [
            (Place(split.phase, control, identity), Place(split.phase, variant, identity))
            for split in both_open
            for identity in identities
        ]

    def _cell(self, place: Place) -> Cell:
        return self.cells.get(place, Cell())

    def _revenue(self, places: list[Place], currency: str) -> ArmRevenue:
        earned = sum((self.earned.get((place, currency), Earned()) for place in places), Earned())
        visitors = sum(self._cell(place).visitors for place in places)
        return ArmRevenue(visitors, earned.orders, earned.total, earned.squares)


def _open(split: Split) -> set[int]:
    return {number for number, buckets in split.open_buckets.items() if buckets > 0}
