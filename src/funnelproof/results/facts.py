"""All that a verdict hangs on, and nothing else: arms, rivals, days, plan. Knows no storage and no web."""

from dataclasses import dataclass

from funnelproof.campaigns.campaign import GoalType
from funnelproof.results.slices import Slice
from funnelproof.statistics import ALPHA, CONVERTERS_NEEDED, Interval

DAYS_NEEDED = 7
DAYS_NEEDED_TO_STOP = 1
MATURE_SHARE_NEEDED = 0.8


@dataclass(frozen=True, slots=True)
class Reason:
    """A code from the closed list, and what it means here."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Arm:
    """One variant: visitors who entered, those of them who converted, and all conversions."""

    variant_id: str
    name: str
    visitors: int
    converters: int
    conversions: int
    takes_new: bool = True
    """Whether new visitors can still enter it."""

    @property
    def rate(self) -> float | None:
        return self.converters / self.visitors if self.visitors > 0 else None


@dataclass(frozen=True, slots=True)
class Rival:
    """A variant beside the control. `p_value` is always valid and Holm-adjusted, the intervals are at 1 − .05/m."""

    arm: Arm
    difference: float | None = None
    p_value: float | None = None
    interval: Interval | None = None
    lift: float | None = None
    lift_interval: Interval | None = None
    slices: tuple[Slice, ...] = ()
    """Parts of the visitors in which it is told apart from the control."""

    @property
    def flips(self) -> list[Slice]:
        return [own for own in self.slices if own.is_beyond_0_from(self.difference)]

    @property
    def is_told_apart(self) -> bool:
        return self.p_value is not None and self.p_value <= ALPHA

    @property
    def is_worse(self) -> bool:
        return self.is_told_apart and self.difference is not None and self.difference < 0

    @property
    def wins(self) -> bool:
        has_enough = self.arm.converters >= CONVERTERS_NEEDED
        return self.is_told_apart and has_enough and self.interval is not None and self.interval[0] > 0


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a verdict hangs on.

    `unreached` are variants that nobody could ever enter in this epoch: they take no part.
    `full_days` are local days while ACTIVE in this epoch. `mature` is the smallest share of a variant's visitors that
    entered at least `decision_window_days` ago. `faults` make the test worthless, `remarks` are reasons found
    elsewhere that never decide. `sealed_until` is a date in words.
    """

    goal: GoalType
    control: Arm | None
    rivals: tuple[Rival, ...]
    unreached: tuple[Arm, ...] = ()
    full_days: int = 0
    mature: float | None = None
    decision_window_days: int = 7
    minimum_lift: float | None = None
    planned_per_arm: int | None = None
    days_left: int | None = None
    sealed_until: str | None = None
    faults: tuple[Reason, ...] = ()
    remarks: tuple[Reason, ...] = ()

    @property
    def arms(self) -> tuple[Arm, ...]:
        own = (self.control,) if self.control else ()
        return (*own, *(rival.arm for rival in self.rivals))

    @property
    def winners(self) -> list[Rival]:
        return [rival for rival in self.rivals if rival.wins]

    @property
    def worse(self) -> list[Rival]:
        return [rival for rival in self.rivals if rival.is_worse]

    @property
    def control_converters(self) -> int:
        return self.control.converters if self.control else 0
