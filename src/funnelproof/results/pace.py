"""How many visitors a test needs, how far it has come, and how long it still takes at the present ramp and at 100 %."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from funnelproof.campaigns.campaign import Campaign, Planned
from funnelproof.campaigns.variants import BUCKETS, shares_of
from funnelproof.results.counts import Counts
from funnelproof.statistics import PLANNED_VISITORS_WITHOUT_A_PLAN, days_left, planned_size, progress

FULL_RAMP = 100


@dataclass(frozen=True, slots=True)
class Sizing:
    """`per_arm` is None without a plan, days are None where nobody can say; `reason` tells why.

    `visitors_per_day` are the new ones that the test would get with every bucket open.
    """

    per_arm: int | None = None
    progress: float | None = None
    days_left: int | None = None
    days_left_at_full_ramp: int | None = None
    reason: str | None = None
    visitors_per_day: float = 0.0


def per_arm_of(plan: Planned) -> int | None:
    """Visitors per arm to plan for; None without a plan, or with one that cannot be."""
    if plan.expected_rate is None or plan.minimum_lift is None:
        return None
    return planned_size(float(plan.expected_rate), float(plan.minimum_lift))


def planned_visitors(plan: Planned) -> int:
    """N*: of two arms together. It tunes at which size the always-valid interval is tightest."""
    per_arm = per_arm_of(plan)
    return PLANNED_VISITORS_WITHOUT_A_PLAN if per_arm is None else 2 * per_arm


def visitors_per_day(counts: Counts, entered: Mapping[tuple[int, int], int], days: float) -> float:
    """New visitors a day that the test would get with every bucket open, told by its latest entries.

    Each phase's entries are scaled by how much was open in it, so that a change of the ramp changes nothing.
    """
    total = 0.0
    for split in counts.splits:
        is_open = sum(split.open_buckets.values())
        own = sum(amount for (phase, _), amount in entered.items() if phase == split.phase)
        total += own * BUCKETS / is_open if is_open else 0.0
    return total / days if days > 0 else 0.0


def sizing_of(
    campaign: Campaign, plan: Planned, visitors: Mapping[int, int], *, per_day: float, is_running: bool
) -> Sizing:
    """`visitors` by number, of the variants that take new ones; `per_day` as if every bucket were open."""
    per_arm = per_arm_of(plan)
    if per_arm is None:
        has_plan = plan.expected_rate is not None and plan.minimum_lift is not None
        return Sizing(reason="plan_cannot_be" if has_plan else "no_plan", visitors_per_day=per_day)
    numbers = sorted(visitors)
    entered = [visitors[number] for number in numbers]
    done = progress(per_arm, entered)
    now = days_left(per_arm, entered, _daily(campaign, numbers, campaign.ramp_percent, per_day))
    full = days_left(per_arm, entered, _daily(campaign, numbers, FULL_RAMP, per_day))
    if not is_running and done < 1:
        return Sizing(per_arm, done, None, full, "not_active", per_day)
    return Sizing(per_arm, done, now, full, None if now is not None else _why(numbers, per_day), per_day)


def _daily(campaign: Campaign, numbers: Sequence[int], ramp_percent: int, per_day: float) -> list[float]:
    shares = {share.number: share.open_count for share in shares_of(campaign.weights, ramp_percent)} if numbers else {}
    return [per_day * shares.get(number, 0) / BUCKETS for number in numbers]


def _why(numbers: Sequence[int], per_day: float) -> str:
    if not numbers:
        return "nothing_to_compare"
    return "no_recent_visitors" if per_day <= 0 else "closed_to_new_visitors"
