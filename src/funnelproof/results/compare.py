"""Each variant beside the control: the always-valid figures that decide, and the fixed ones that are only shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from funnelproof.results.counts import Counts
from funnelproof.statistics import (
    CONVERTERS_NEEDED,
    AlwaysValid,
    Chance,
    Difference,
    RevenueDifference,
    Stratum,
    Withheld,
    always_valid,
    always_valid_error,
    chance,
    compare_revenue,
    difference,
    holm,
    sequential_p,
)
from funnelproof.statistics.sequential import Horizon

ARRIVALS_DIFFER_BELOW = 0.001


@dataclass(frozen=True, slots=True)
class Comparison:
    """`variant` − `control`, by number. `fixed` holds for one look only; `adjusted_p` is Holm's, over all variants."""

    control: int
    variant: int
    fixed: Difference | None
    always: AlwaysValid
    adjusted_p: float | None
    chance: Chance | None
    revenue: RevenueDifference | Withheld


def compare(
    counts: Counts, control: int, variants: Sequence[int], *, planned_visitors: int, currency: str
) -> list[Comparison]:
    """Intervals at 1 − .05/m, with m the number of variants that the control is compared with."""
    strata = [counts.strata(control, variant) for variant in variants]
    found = [always_valid(each, planned_visitors=planned_visitors, comparisons=len(variants)) for each in strata]
    adjusted = holm([each.p_value for each in found])
    return [
        Comparison(
            control=control,
            variant=variant,
            fixed=difference(own),
            always=always,
            adjusted_p=p_value,
            chance=chance(own),
            revenue=_revenue(counts, control, variant, currency),
        )
        for variant, own, always, p_value in zip(variants, strata, found, adjusted, strict=True)
    ]


def arrival_p_values(counts: Counts, control: int, variants: Sequence[int]) -> tuple[float | None, ...]:
    """Always-valid p of each variant's share of arrivals against the control's, adjusted for being several."""
    return holm([_arrival_p(counts, control, variant) for variant in variants])


def refund_p_values(counts: Counts, control: int, variants: Sequence[int]) -> tuple[float | None, ...]:
    """The same of each variant's share of refunded converters; None where either arm has fewer than 25 converters."""
    enough = [counts.of(number).converters >= CONVERTERS_NEEDED for number in variants]
    if counts.of(control).converters < CONVERTERS_NEEDED:
        return (None,) * len(variants)
    shares = [counts.refunds(control, number) if has else [] for number, has in zip(variants, enough, strict=True)]
    return holm([_always_valid_p(own) for own in shares])


def _arrival_p(counts: Counts, control: int, variant: int) -> float | None:
    return _always_valid_p(counts.arrivals(control, variant))


def _always_valid_p(strata: Sequence[Stratum]) -> float | None:
    found = difference(strata)
    error = always_valid_error(found) if found else 0.0
    return sequential_p(found.value, error, Horizon(found.visitors)) if found and error > 0 else None


def _revenue(counts: Counts, control: int, variant: int, currency: str) -> RevenueDifference | Withheld:
    orders = [*counts.orders(control).items(), *counts.orders(variant).items()]
    return compare_revenue(
        counts.revenue_strata(control, variant, currency),
        conversions=counts.of(control).conversions + counts.of(variant).conversions,
        other_currency_conversions=sum(earned.orders for name, earned in orders if name != currency),
    )
