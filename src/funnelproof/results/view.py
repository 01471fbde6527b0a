"""The results of a test as an answer shows them. What is absent is null, and `withheld` says why."""

from typing import Any

from funnelproof.links.ctx import Mode
from funnelproof.web.shape import ShownMoment, View

Range = tuple[float, float]


class MoneyView(View):
    """Of the test: conversions within the attribution window of their visitors' entry; `net` is less reversals."""

    currency: str
    gross: str
    net: str
    orders: int


class VariantResultView(View):
    """`visitors` entered the test here; `rate` is converters / visitors. Intervals hold for one look only."""

    variant_id: str
    name: str
    control: bool
    enabled: bool
    weight: int
    visitors: int
    converters: int
    conversions: int
    refunded_converters: int
    rate: float | None
    rate_interval: Range | None
    revenue: list[MoneyView]
    revenue_per_visitor: str | None
    revenue_per_visitor_interval: tuple[str, str] | None
    withheld: dict[str, str]


class RevenueComparisonView(View):
    """Variant − control in the campaign's currency per visitor, by Welch; holds for one look only, never decides."""

    difference: str
    interval: tuple[str, str]
    p_value: float


class ComparisonView(View):
    """Variant − control, in fractions of 1.

    `alwaysValid…` and `adjustedPValue` may be looked at as often as one likes and decide; `pValue`,
    `differenceInterval`, `chanceToWin` and `expectedLoss` hold only if you had looked once, today.
    """

    variant_id: str
    against: str
    difference: float | None
    difference_interval: Range | None
    relative_lift: float | None
    relative_lift_interval: Range | None
    always_valid_interval: Range | None
    p_value: float | None
    always_valid_p_value: float | None
    adjusted_p_value: float | None
    chance_to_win: float | None
    expected_loss: float | None
    expected_loss_of_control: float | None
    revenue_per_visitor: RevenueComparisonView | None
    withheld: dict[str, str]


class ExcludedView(View):
    """Who is in the funnel and in no figure of the test."""

    outside: int
    daily: int
    rule: int
    earlier: int
    paused: int
    after: int
    late: int


class FunnelView(View):
    """Of the whole campaign: visitors = those of all variants + all `excluded`; likewise converters."""

    visitors: int
    converters: int


class PhaseVariantView(View):
    variant_id: str
    entries: int
    open_buckets: int
    expected_share: float | None
    share: float | None


class PhaseView(View):
    phase: int
    started_at: ShownMoment
    ramp_percent: int
    entries: int
    p_value: float | None
    sequential_p_value: float
    off_by: float
    variants: list[PhaseVariantView]


class AlarmView(View):
    """The split of one phase was not as planned; `slice` is the part of the visitors that was off most."""

    phase: int
    raised_at: ShownMoment
    open: bool
    sequential_p_value: float
    entries: dict[str, int]
    open_buckets: dict[str, int]
    slice: dict[str, Any] | None
    closed_at: ShownMoment | None
    closed_by: str | None
    reason: str | None


class SampleRatioView(View):
    """`sequentialPValue` is over all phases and judges; `pValue` holds for one look and is only shown."""

    status: str
    p_value: float | None
    sequential_p_value: float | None
    phases: list[PhaseView]
    alarms: list[AlarmView]


class DaysView(View):
    now: int | None
    at_full_ramp: int | None


class SizingView(View):
    visitors_per_variant: int | None
    progress: float | None
    days_left: DaysView
    reason: str | None


class ReasonView(View):
    reason: str
    sentence: str


class VerdictView(View):
    """`reasons` are codes; `explanations` say each in words. `variantIds`: the winners, or those to stop."""

    code: str
    sentence: str
    reasons: list[str]
    explanations: list[ReasonView]
    variant_ids: list[str]
    full_days: int
    mature_share: float | None


class MethodView(View):
    """One method decides: an interval and a p that stay true however often you look."""

    decides: str
    alpha: float
    comparisons: int
    planned_visitors: int
    fixed_horizon: str


class DecisionNoteView(View):
    """A decision that holds. `digest` is that of the results as they were frozen by it: see …/decision."""

    variant_id: str
    reason: str
    decided_at: ShownMoment
    decided_by: str
    undo_until: ShownMoment
    digest: str


class ResultsView(View):
    """After a decision these are the results that it froze, `asOf` then."""

    campaign_id: str
    mode: Mode
    run: str | None
    as_of: ShownMoment
    epoch: int
    epochs: int
    sealed_until: ShownMoment | None
    method: MethodView
    variants: list[VariantResultView]
    comparisons: list[ComparisonView]
    funnel: FunnelView
    excluded: ExcludedView
    excluded_converters: ExcludedView
    sample_ratio: SampleRatioView
    sizing: SizingView
    verdict: VerdictView
    decision: DecisionNoteView | None = None


class LookView(View):
    """A moment at which the verdict became another one; `code` is null while results are sealed."""

    number: int
    at: ShownMoment
    epoch: int
    code: str | None
    counts: list[dict[str, Any]]
