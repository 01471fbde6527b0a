"""Parts of the visitors, known before they entered, each with a difference of its own. Knows no storage and no web."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from funnelproof.results.counts import Cell, Counts, Place
from funnelproof.statistics import ALPHA, AlwaysValid, Interval, Stratum, always_valid, difference, holm

LISTED = 50
Sliced = Mapping[tuple[str, str], Mapping[Place, Cell]]
"""The cells of a test by (dimension, value)."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One part in which a variant is told apart from the control. The interval is its own always-valid one."""

    variant: int
    dimension: str
    value: str
    difference: float
    interval: Interval
    adjusted_p: float
    visitors: tuple[int, int]
    """Of control and variant, as are the converters."""
    converters: tuple[int, int]

    def is_beyond_0_from(self, whole: float | None) -> bool:
        """Whether it lies wholly on the other side of 0 than the difference over all."""
        if not whole:
            return False
        return self.interval[1] < 0 if whole > 0 else self.interval[0] > 0


def told_apart(counts: Counts, control: int, others: Sequence[int], sliced: Sliced, *, planned: int) -> list[Slice]:
    """Slices with at least 25 converters in both arms whose p, adjusted by Holm over all of them, is at most alpha."""
    tried = list(_tried(counts, control, others, sliced, planned))
    adjusted = holm([found.p_value for _, _, _, found in tried])
    slices = [
        _slice(variant, name, strata, found.interval, p_value)
        for (variant, name, strata, found), p_value in zip(tried, adjusted, strict=True)
        if p_value is not None and p_value <= ALPHA and found.interval is not None
    ]
    return sorted(slices, key=lambda own: own.adjusted_p)[:LISTED]


def _tried(
    counts: Counts, control: int, others: Sequence[int], sliced: Sliced, planned: int
) -> Iterator[tuple[int, tuple[str, str], list[Stratum], AlwaysValid]]:
    """What has an interval, which is what 25 converters in both arms have."""
    for name, cells in sorted(sliced.items()):
        part = replace(counts, cells=cells)
        for variant in others:
            strata = part.strata(control, variant)
            found = always_valid(strata, planned_visitors=planned)
            if found.interval is not None:
                yield variant, name, strata, found


def _slice(variant: int, name: tuple[str, str], strata: list[Stratum], interval: Interval, p_value: float) -> Slice:
    whole = difference(strata)
    return Slice(
        variant,
        *name,
        difference=whole.value if whole else 0.0,
        interval=interval,
        adjusted_p=p_value,
        visitors=(sum(own.n_a for own in strata), sum(own.n_b for own in strata)),
        converters=(sum(own.x_a for own in strata), sum(own.x_b for own in strata)),
    )
