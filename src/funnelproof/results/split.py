"""Was the split as planned? The sample ratio of a test, and where to look when it is off."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funnelproof.results.counts import Counts, Split
from funnelproof.statistics import Phase, SampleRatio, phase_ratio, sample_ratio

ENTRIES_NEEDED = 100
DIMENSIONS = ("device", "country", "source", "slug")
"""What is known of a visitor before it enters."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a phase's visitors that is off most: its share of the χ² of all parts of its dimension."""

    dimension: str
    value: str
    entries: int
    share: float


def ratio_of(counts: Counts, variants: Sequence[int]) -> SampleRatio:
    return sample_ratio(counts.phases(tuple(variants)))


def phases_due(counts: Counts, ratio: SampleRatio, known: Collection[int]) -> list[tuple[Split, float]]:
    """Phases whose split alarms and has not alarmed before, each with its sequential p."""
    if sum(phase.entries for phase in ratio.phases) < ENTRIES_NEEDED:
        return []
    return [
        (counts.splits[place], ratio.phase_p_values[place])
        for place in ratio.alarming
        if counts.splits[place].phase not in known
    ]


def watched_p(counts: Counts, ratio: SampleRatio, closed: Collection[int]) -> float:
    """The sequential p over the phases whose alarm nobody has closed: what a person has explained is not odd again."""
    weighed = zip(counts.splits, ratio.phase_p_values, strict=True)
    return min((p_value for split, p_value in weighed if split.phase not in closed), default=1.0)


def evidence_of(counts: Counts, split: Split, p_value: float, names: Mapping[int, str]) -> dict[str, Any]:
    """What is stored of an alarm: counts and buckets by variant id, so that it can be told later."""
    open_ones = [number for number, buckets in split.open_buckets.items() if buckets > 0 and number in names]
    return {
        "phaseStartedAt": split.started_at,
        "sequentialPValue": p_value,
        "entries": {names[number]: counts.entries(split.phase, number) for number in open_ones},
        "openBuckets": {names[number]: split.open_buckets[number] for number in open_ones},
    }


def most_off(sliced: Mapping[str, Mapping[str, Mapping[int, int]]], split: Split) -> Slice | None:
    """`sliced`: dimension → value → variant → entries. None where no dimension has two parts large enough."""
    found = [part for dimension, values in sliced.items() for part in _parts(dimension, values, split)]
    return max(found, key=lambda part: part.share, default=None)


def _parts(dimension: str, values: Mapping[str, Mapping[int, int]], split: Split) -> list[Slice]:
    numbers = sorted(split.open_buckets)
    buckets = tuple(split.open_buckets[number] for number in numbers)
    ratios = {
        value: phase_ratio(Phase(tuple(entries.get(number, 0) for number in numbers), buckets))
        for value, entries in values.items()
    }
    sizes = {value: ratio.chi_squared for value, ratio in ratios.items() if ratio.chi_squared is not None}
    total = sum(sizes.values())
    if len(sizes) < 2 or total <= 0:
        return []
    return [Slice(dimension, value, ratios[value].entries, size / total) for value, size in sizes.items()]
