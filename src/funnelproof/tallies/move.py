"""What one group of clicks or conversions adds to the counters, collected before it is written in one go."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from funnelproof.clock import MINUTE, Micros

QUARTER: Micros = 15 * MINUTE
SQUARES_BASE = 10**9
ALL = "all"

DayKey = tuple[str, str, str, str, str, str, str]
PhaseKey = tuple[str, str, str, int, int, int, str, str, str]
QuarterKey = tuple[str, str, str, int, str, str]
Counters = dict[str, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Under which day and dimensions something is counted."""

    handle: str
    world: str
    campaign_id: str
    day: str
    dimensions: Mapping[str, str]


@dataclass(slots=True)
class Moves:
    """`days` by (handle, world, campaign, dimension, day, value, currency), and likewise; values are what to add."""

    days: dict[DayKey, Counters] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    phases: dict[PhaseKey, Counters] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    quarters: dict[QuarterKey, int] = field(default_factory=lambda: defaultdict(int))

    def add_day(self, place: Place, *, currency: str = "", **amounts: int) -> None:
        """Count under `all` and under each dimension of the place."""
        for dimension, value in ((ALL, ""), *place.dimensions.items()):
            key = (place.handle, place.world, place.campaign_id, dimension, place.day, value, currency)
            _add(self.days[key], amounts)

    def add_phase(self, key: PhaseKey, **amounts: int) -> None:
        _add(self.phases[key], amounts)

    def add_quarter(self, ref: tuple[str, str, str], at: Micros, subject: str, name: str = "", amount: int = 1) -> None:
        """`ref` is (handle, world, campaign)."""
        self.quarters[(*ref, at // QUARTER, subject, name)] += amount

    @property
    def worlds(self) -> set[str]:
        """The worlds whose counters move."""
        return {key[1] for keys in (self.days, self.phases, self.quarters) for key in keys}


def squares(change: int) -> tuple[int, int]:
    """A change of Σy² as two 64-bit parts: high · 10⁹ + low. Exact, and additive in any order."""
    return change // SQUARES_BASE, change % SQUARES_BASE


def _add(counters: Counters, amounts: Mapping[str, int]) -> None:
    for name, amount in amounts.items():
        counters[name] += amount
