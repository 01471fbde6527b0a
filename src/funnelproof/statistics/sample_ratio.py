"""Were visitors split as planned? Compared phase by phase, so that a legal change of weights raises no alarm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from funnelproof.statistics.special import chdtrc, gammaln

ENTRIES_NEEDED = 100
EXPECTED_NEEDED = 5
CONCENTRATION = 100
ALARM_BELOW = 0.001
WATCH_BELOW = 0.01
SHARE_OFF_BY = 0.001
"""A tenth of a point: a smaller deviation is true but harmless."""


@dataclass(frozen=True, slots=True)
class Phase:
    """First entries and open buckets of each variant, in the same order, while the weights stood still.

    A variant without open buckets takes no part, whatever entered it: that is a leak, another check's matter.
    """

    entries: tuple[int, ...]
    buckets: tuple[int, ...]

    @property
    def open_variants(self) -> tuple[tuple[int, int], ...]:
        """(entries, buckets) of the variants that could be entered."""
        return tuple((n, buckets) for n, buckets in zip(self.entries, self.buckets, strict=True) if buckets > 0)


@dataclass(frozen=True, slots=True)
class PhaseRatio:
    """One phase's evidence. χ², degrees and p are None where the phase is too small for them."""

    entries: int
    chi_squared: float | None
    degrees: int | None
    p_value: float | None
    sequential_p_value: float
    off_by: float
    """The largest distance between a variant's share of the entries and its share of the buckets."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """All phases together. The sequential p decides; the fixed one holds for a single look and is only shown."""

    chi_squared: float | None
    degrees: int | None
    p_value: float | None
    sequential_p_value: float
    phases: tuple[PhaseRatio, ...]
    phase_p_values: tuple[float, ...]
    """Each phase's sequential p times j(j+1), the price of being the j-th of several."""

    @property
    def worst_phase(self) -> int | None:
        """Place of the phase that gave the sequential p."""
        return self.phase_p_values.index(self.sequential_p_value) if self.phases else None

    @property
    def alarming(self) -> tuple[int, ...]:
        """Places of the phases that are unlikely at any look, and off by enough to matter."""
        found = zip(self.phases, self.phase_p_values, strict=True)
        return tuple(
            place for place, (phase, p) in enumerate(found) if p < ALARM_BELOW and phase.off_by >= SHARE_OFF_BY
        )

    @property
    def alarms(self) -> bool:
        return bool(self.alarming)


def sample_ratio(phases: Sequence[Phase]) -> SampleRatio:
    """Fixed and sequential test of the split over the phases of an epoch, the oldest first.

    Fixed: χ² and degrees summed over phases that are large enough (Fabijan et al., KDD 2019). Sequential: phase j
    gets its p times j(j+1), whose inverses sum to 1, and the smallest is taken.
    """
    found = tuple(phase_ratio(phase) for phase in phases)
    large = [(each.chi_squared, each.degrees) for each in found if each.chi_squared is not None and each.degrees]
    chi_squared = math.fsum(value for value, _ in large) if large else None
    degrees = sum(free for _, free in large) if large else None
    weighted = tuple(min(1.0, j * (j + 1) * each.sequential_p_value) for j, each in enumerate(found, start=1))
    return SampleRatio(
        chi_squared=chi_squared,
        degrees=degrees,
        p_value=_chi_squared_p(chi_squared, degrees),
        sequential_p_value=min(weighted, default=1.0),
        phases=found,
        phase_p_values=weighted,
    )


def phase_ratio(phase: Phase) -> PhaseRatio:
    """The same for one phase alone; also for a slice of it, to find which slice is off most."""
    variants = phase.open_variants
    entries, buckets = _totals(variants)
    chi_squared = _chi_squared(variants)
    degrees = None if chi_squared is None else len(variants) - 1
    return PhaseRatio(
        entries=entries,
        chi_squared=chi_squared,
        degrees=degrees,
        p_value=_chi_squared_p(chi_squared, degrees),
        sequential_p_value=math.exp(-max(0.0, log_bayes_factor(phase))),
        off_by=max((abs(n * buckets - b * entries) / (entries * buckets) for n, b in variants if entries), default=0.0),
    )


def log_bayes_factor(phase: Phase, concentration: float = CONCENTRATION) -> float:
    """ln of how much better any split, drawn from a Dirichlet around the planned one, explains the entries.

    Source: Lindon & Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022.
    """
    variants = phase.open_variants
    entries, buckets = _totals(variants)
    if len(variants) < 2 or entries == 0:
        return 0.0
    total = float(gammaln(concentration) - gammaln(concentration + entries))
    for n, open_buckets in variants:
        share = open_buckets / buckets
        prior = concentration * share
        total += float(gammaln(prior + n) - gammaln(prior)) - n * math.log(share)
    return total


def _totals(variants: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(n for n, _ in variants), sum(buckets for _, buckets in variants)


def _chi_squared(variants: Sequence[tuple[int, int]]) -> float | None:
    """Σ (n − E)²/E; None with one variant, under 100 entries, or under 5 expected anywhere."""
    entries, buckets = _totals(variants)
    if len(variants) < 2 or entries < ENTRIES_NEEDED:
        return None
    expected = [entries * open_buckets / buckets for _, open_buckets in variants]
    if min(expected) < EXPECTED_NEEDED:
        return None
    return math.fsum((n - e) ** 2 / e for (n, _), e in zip(variants, expected, strict=True))


def _chi_squared_p(chi_squared: float | None, degrees: int | None) -> float | None:
    return None if chi_squared is None or not degrees else float(chdtrc(degrees, chi_squared))
