"""From results to what an answer shows. While they are sealed: counts, split and sizing, nothing that compares."""

from funnelproof.campaigns.variants import Variant
from funnelproof.money import decimal_text, exponent
from funnelproof.results import view
from funnelproof.results.compare import Comparison
from funnelproof.results.counts import Cell
from funnelproof.results.split import ENTRIES_NEEDED
from funnelproof.results.store import Alarm, Look
from funnelproof.results.verdict import Code
from funnelproof.results.weigh import Results
from funnelproof.statistics import (
    ALPHA,
    CONVERTERS_NEEDED,
    WATCH_BELOW,
    ArmRevenue,
    Interval,
    PhaseRatio,
    RevenueDifference,
    Withheld,
    mean_interval,
    wilson,
)
from funnelproof.worlds.world import mode_of

SEALED = "sealed"
FEW_CONVERTERS = "few_converters"
NO_ENTRIES = "no_entries"
NO_SPREAD = "no_spread"
IMPOSSIBLE = "more_converters_than_visitors"
ONCE = "only if you had looked once, today"
MORE_DECIMALS = 2


def shown(results: Results, decision: view.DecisionNoteView | None = None) -> view.ResultsView:
    subject, campaign = results.subject, results.subject.campaign
    return view.ResultsView(
        campaign_id=campaign.campaign_id,
        mode=mode_of(subject.world),
        run=None if subject.is_live else subject.world,
        as_of=subject.at,
        epoch=subject.epoch,
        epochs=campaign.epoch,
        sealed_until=campaign.embargo_until if subject.is_sealed else None,
        method=_method(results),
        variants=[_variant(results, own) for own in results.variants],
        comparisons=[] if subject.is_sealed else [_comparison(results, own) for own in results.comparisons],
        funnel=view.FunnelView(visitors=results.counts.funnel_visitors, converters=results.counts.funnel_converters),
        excluded=view.ExcludedView(**results.counts.excluded),
        excluded_converters=view.ExcludedView(**results.counts.excluded_converters),
        sample_ratio=_sample_ratio(results),
        sizing=_sizing(results),
        verdict=_verdict(results),
        decision=decision,
    )


def shown_look(look: Look, *, epoch: int, is_sealed: bool) -> view.LookView:
    code = None if is_sealed else look.code
    return view.LookView(number=look.number, at=look.at, epoch=epoch, code=code, counts=look.counts)


def per_visitor(minor: float, currency: str) -> str:
    """An amount per visitor, with two decimals more than its currency has: `1.2345`."""
    digits = exponent(currency) or 0
    return f"{minor / 10**digits:.{digits + MORE_DECIMALS}f}"


def _method(results: Results) -> view.MethodView:
    return view.MethodView(
        decides="always_valid",
        alpha=ALPHA,
        comparisons=len(results.comparisons),
        planned_visitors=results.planned_visitors,
        fixed_horizon=ONCE,
    )


def _variant(results: Results, variant: Variant) -> view.VariantResultView:
    cell, currency = results.counts.of(variant.number), results.subject.campaign.currency
    arm, is_sealed = results.counts.revenue(variant.number, currency), results.subject.is_sealed
    interval = None if is_sealed else mean_interval(arm)
    rate_interval = None if is_sealed else wilson(cell.converters, cell.visitors)
    absent = {
        "rate": None if cell.visitors else NO_ENTRIES,
        "rateInterval": SEALED if is_sealed else None if rate_interval else _why_nothing(cell),
        "revenuePerVisitor": None if cell.visitors else NO_ENTRIES,
        "revenuePerVisitorInterval": SEALED if is_sealed else None if interval else _why_no_interval(arm),
    }
    return view.VariantResultView(
        variant_id=variant.variant_id,
        name=variant.name,
        control=variant is results.control,
        enabled=variant.enabled,
        weight=variant.weight,
        visitors=cell.visitors,
        converters=cell.converters,
        conversions=cell.conversions,
        refunded_converters=cell.refunded,
        rate=cell.converters / cell.visitors if cell.visitors else None,
        rate_interval=rate_interval,
        revenue=_revenue(results, variant),
        revenue_per_visitor=None if arm.mean is None else per_visitor(arm.mean, currency),
        revenue_per_visitor_interval=_amounts(interval, currency) if interval else None,
        withheld=_told(absent),
    )


def _why_nothing(*cells: Cell) -> str:
    """Counts that cannot be say nothing."""
    return IMPOSSIBLE if any(cell.converters > cell.visitors for cell in cells) else NO_ENTRIES


def _why_no_interval(arm: ArmRevenue) -> str:
    return NO_SPREAD if arm.visitors else NO_ENTRIES


def _revenue(results: Results, variant: Variant) -> list[view.MoneyView]:
    return [
        view.MoneyView(
            currency=currency,
            gross=decimal_text(earned.total + earned.taken_back, currency),
            net=decimal_text(earned.total, currency),
            orders=earned.orders,
        )
        for currency, earned in sorted(results.counts.orders(variant.number).items())
    ]


def _comparison(results: Results, found: Comparison) -> view.ComparisonView:
    fixed, always, chance = found.fixed, found.always, found.chance
    names = {own.number: own.variant_id for own in results.variants}
    revenue = found.revenue if isinstance(found.revenue, RevenueDifference) else None
    return view.ComparisonView(
        variant_id=names[found.variant],
        against=names[found.control],
        difference=fixed.value if fixed else None,
        difference_interval=fixed.interval if fixed else None,
        relative_lift=always.lift,
        relative_lift_interval=always.lift_interval,
        always_valid_interval=always.interval,
        p_value=fixed.p_value if fixed else None,
        always_valid_p_value=always.p_value,
        adjusted_p_value=found.adjusted_p,
        chance_to_win=chance.variant_wins if chance else None,
        expected_loss=chance.loss_choosing_variant if chance else None,
        expected_loss_of_control=chance.loss_choosing_control if chance else None,
        revenue_per_visitor=_revenue_comparison(revenue, results.subject.campaign.currency),
        withheld=_told(_absent(results, found)),
    )


def _absent(results: Results, found: Comparison) -> dict[str, str | None]:
    """Why each figure is absent, where it is."""
    fixed, always = found.fixed, found.always
    arms = [results.counts.of(number) for number in (found.control, found.variant)]
    nothing, enough = _why_nothing(*arms), min(arm.converters for arm in arms)
    always_why = FEW_CONVERTERS if enough < CONVERTERS_NEEDED else NO_SPREAD
    return {
        "difference": None if fixed else nothing,
        "differenceInterval": None if fixed and fixed.interval else NO_SPREAD if fixed else nothing,
        "pValue": None if fixed and fixed.p_value is not None else NO_SPREAD if fixed else nothing,
        "alwaysValidPValue": None if always.p_value is not None else always_why if fixed else nothing,
        "adjustedPValue": None if found.adjusted_p is not None else always_why if fixed else nothing,
        "alwaysValidInterval": None if always.interval else always_why if fixed else nothing,
        "relativeLift": None if always.lift is not None else always_why if fixed else nothing,
        "relativeLiftInterval": None if always.lift_interval else always_why if fixed else nothing,
        "chanceToWin": None if found.chance else NO_SPREAD if fixed else nothing,
        "expectedLoss": None if found.chance else NO_SPREAD if fixed else nothing,
        "expectedLossOfControl": None if found.chance else NO_SPREAD if fixed else nothing,
        "revenuePerVisitor": found.revenue.value if isinstance(found.revenue, Withheld) else None,
    }


def _revenue_comparison(found: RevenueDifference | None, currency: str) -> view.RevenueComparisonView | None:
    if found is None:
        return None
    return view.RevenueComparisonView(
        difference=per_visitor(found.value, currency),
        interval=_amounts(found.interval, currency),
        p_value=found.p_value,
    )


def _sample_ratio(results: Results) -> view.SampleRatioView:
    ratio = results.ratio
    judged = results.subject.is_live and len(results.variants) > 1
    return view.SampleRatioView(
        status=_status(results),
        p_value=ratio.p_value if judged else None,
        sequential_p_value=ratio.sequential_p_value if judged else None,
        phases=[_phase(results, place) for place in range(len(results.counts.splits))],
        alarms=[_alarm(alarm) for alarm in results.alarms],
    )


def _status(results: Results) -> str:
    """ALARM while one is open; UNKNOWN below 100 entries, and in a run, where the seed says who comes."""
    if any(alarm.is_open for alarm in results.alarms):
        return "ALARM"
    if not results.subject.is_live or sum(phase.entries for phase in results.ratio.phases) < ENTRIES_NEEDED:
        return "UNKNOWN"
    return "WATCH" if results.watched_p < WATCH_BELOW else "FINE"


def _phase(results: Results, place: int) -> view.PhaseView:
    split, found = results.counts.splits[place], results.ratio.phases[place]
    buckets = sum(split.open_buckets.values())
    return view.PhaseView(
        phase=split.phase,
        started_at=split.started_at,
        ramp_percent=split.ramp_percent,
        entries=found.entries,
        p_value=found.p_value,
        sequential_p_value=found.sequential_p_value,
        off_by=found.off_by,
        variants=[_share(results, own, place, found, buckets) for own in results.variants],
    )


def _share(results: Results, variant: Variant, place: int, found: PhaseRatio, buckets: int) -> view.PhaseVariantView:
    split = results.counts.splits[place]
    entries, own = results.counts.entries(split.phase, variant.number), split.open_buckets.get(variant.number, 0)
    return view.PhaseVariantView(
        variant_id=variant.variant_id,
        entries=entries,
        open_buckets=own,
        expected_share=own / buckets if buckets else None,
        share=entries / found.entries if found.entries else None,
    )


def _alarm(alarm: Alarm) -> view.AlarmView:
    return view.AlarmView(
        phase=alarm.phase,
        raised_at=alarm.raised_at,
        open=alarm.is_open,
        sequential_p_value=alarm.evidence["sequentialPValue"],
        entries=alarm.evidence["entries"],
        open_buckets=alarm.evidence["openBuckets"],
        slice=alarm.evidence.get("slice"),
        closed_at=alarm.closed_at,
        closed_by=alarm.closed_by,
        reason=alarm.reason,
    )


def _sizing(results: Results) -> view.SizingView:
    sizing = results.sizing
    return view.SizingView(
        visitors_per_variant=sizing.per_arm,
        progress=sizing.progress,
        days_left=view.DaysView(now=sizing.days_left, at_full_ramp=sizing.days_left_at_full_ramp),
        reason=sizing.reason,
    )


def _verdict(results: Results) -> view.VerdictView:
    verdict, facts = results.verdict, results.facts
    return view.VerdictView(
        code=verdict.code,
        sentence=verdict.sentence,
        reasons=[reason.code for reason in verdict.reasons],
        explanations=[view.ReasonView(reason=reason.code, sentence=reason.sentence) for reason in verdict.reasons],
        variant_ids=[] if verdict.code is Code.EMBARGOED else list(verdict.variant_ids),
        full_days=facts.full_days,
        mature_share=facts.mature,
    )


def _amounts(interval: Interval, currency: str) -> tuple[str, str]:
    return per_visitor(interval[0], currency), per_visitor(interval[1], currency)


def _told(absent: dict[str, str | None]) -> dict[str, str]:
    return {name: why for name, why in absent.items() if why is not None}
