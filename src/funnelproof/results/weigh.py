"""Weighing a test: from the counters as they stand to estimates, split, sizing and verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from funnelproof.campaigns.campaign import CampaignStatus
from funnelproof.campaigns.variants import Variant
from funnelproof.clock import DAY, HOUR, Micros
from funnelproof.results import faults, inspections, store
from funnelproof.results.compare import Comparison, compare
from funnelproof.results.counts import Counts
from funnelproof.results.facts import Arm, Facts, Reason, Rival
from funnelproof.results.gather import gather
from funnelproof.results.inspections import Inspection
from funnelproof.results.pace import Sizing, planned_visitors, sizing_of, visitors_per_day
from funnelproof.results.split import evidence_of, phases_due, ratio_of, watched_p
from funnelproof.results.store import Alarm, Look
from funnelproof.results.subject import Subject
from funnelproof.results.verdict import Code, Verdict, decide
from funnelproof.results.words import date_text
from funnelproof.statistics import SampleRatio
from funnelproof.storage.database import Transaction

PACE_DAYS = 7
ARRIVALS_LOOKED_FOR_DAYS = 28
EnteredIn = Callable[[tuple[Micros, Micros]], Mapping[tuple[int, int], int]]
"""First entries in a stretch of time, by (phase, variant). Pace and maturity often ask for the same week."""


@dataclass(frozen=True, slots=True)
class Results:
    """`variants` are those of the test, `control` one of them; `comparisons` hold every other one that was ever open.

    `new_alarms` are among `alarms` and not stored yet, as `last_look` may be older than this verdict.
    """

    subject: Subject
    counts: Counts
    variants: tuple[Variant, ...]
    control: Variant | None
    comparisons: tuple[Comparison, ...]
    ratio: SampleRatio
    alarms: tuple[Alarm, ...]
    new_alarms: tuple[Alarm, ...]
    planned_visitors: int
    sizing: Sizing
    facts: Facts
    verdict: Verdict
    last_look: Look | None
    inspection: Inspection | None

    @property
    def has_news(self) -> bool:
        """Whether something is to be stored: only live, and only of the epoch that goes on."""
        if not self.subject.is_live or not self.subject.is_current:
            return False
        seen = self.last_look.code if self.last_look else None
        return bool(self.new_alarms) or seen != self.verdict.code

    @property
    def watched_p(self) -> float:
        return watched_p(self.counts, self.ratio, closed_phases(self.alarms))


def weigh(tx: Transaction, subject: Subject) -> Results:
    """All figures of one moment. The same counters, clock and settings always give the same."""
    counts = gather(tx, subject)
    variants, control = subject.campaign.variants, subject.control
    others = [own for own in variants if own is not control and own.number in counts.ever_open] if control else []
    planned = planned_visitors(subject.plan)
    comparisons = _comparisons(subject, counts, others, planned)
    ratio = ratio_of(counts, [own.number for own in variants])
    stored = tuple(store.alarms_of(tx, subject.ref, subject.epoch)) if subject.is_live else ()
    due = _due(subject, counts, ratio, stored)
    entered = cache(partial(store.entered_since, tx, subject.ref, subject.world, subject.epoch))
    sizing = _sizing(entered, subject, counts)
    inspection = inspections.find(tx, subject.ref, subject.epoch) if subject.is_live else None
    judging = _Judging(tx, subject, counts, ratio, comparisons, others, entered, inspection)
    facts = judging.facts((*stored, *due), sizing)
    last_look = store.last_look(tx, subject.ref, subject.epoch) if subject.is_live else None
    return Results(
        subject=subject,
        counts=counts,
        variants=variants,
        control=control,
        comparisons=comparisons,
        ratio=ratio,
        alarms=(*stored, *due),
        new_alarms=due,
        planned_visitors=planned,
        sizing=sizing,
        facts=facts,
        verdict=decide(facts),
        last_look=last_look,
        inspection=inspection,
    )


def _comparisons(subject: Subject, counts: Counts, others: list[Variant], planned: int) -> tuple[Comparison, ...]:
    if subject.control is None:
        return ()
    numbers, currency = [own.number for own in others], subject.campaign.currency
    return tuple(compare(counts, subject.control.number, numbers, planned_visitors=planned, currency=currency))


def _due(subject: Subject, counts: Counts, ratio: SampleRatio, stored: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
    """Only live: in a run the seed says who comes."""
    if not subject.is_live or not subject.is_current or len(subject.campaign.variants) < 2:
        return ()
    names = {own.number: own.variant_id for own in subject.campaign.variants}
    found = phases_due(counts, ratio, {alarm.phase for alarm in stored})
    return tuple(Alarm(split.phase, subject.at, evidence_of(counts, split, p_value, names)) for split, p_value in found)


def _sizing(entered_in: EnteredIn, subject: Subject, counts: Counts) -> Sizing:
    campaign = subject.campaign
    began = subject.phases[0]["started_at"] if subject.phases else subject.at
    since = max(subject.at - PACE_DAYS * DAY, began)
    days = max(subject.at - since, HOUR) / DAY
    entered = entered_in((since, subject.at))
    weights = dict(campaign.weights)
    visitors = {number: counts.of(number).visitors for number, weight in weights.items() if weight > 0}
    is_running = subject.is_current and campaign.status_at(subject.at) is CampaignStatus.ACTIVE
    per_day = visitors_per_day(counts, entered, days)
    return sizing_of(campaign, subject.plan, visitors, per_day=per_day, is_running=is_running)


class _Judging:
    """What the verdict hangs on, put together."""

    def __init__(
        self,
        tx: Transaction,
        subject: Subject,
        counts: Counts,
        ratio: SampleRatio,
        comparisons: tuple[Comparison, ...],
        others: list[Variant],
        entered_in: EnteredIn,
        inspection: Inspection | None,
    ) -> None:
        self.tx, self.subject, self.counts, self.ratio = tx, subject, counts, ratio
        self.comparisons, self.others, self.entered_in = comparisons, others, entered_in
        self.slices = inspection.slices if inspection else ()
        self.miscounts = inspection.miscounts if inspection else ()

    def facts(self, alarms: tuple[Alarm, ...], sizing: Sizing) -> Facts:
        subject, campaign = self.subject, self.subject.campaign
        until = campaign.embargo_until if subject.is_sealed else None
        return Facts(
            goal=campaign.goal_type,
            control=self._arm(subject.control) if subject.control else None,
            rivals=tuple(self._rival(own, found) for own, found in zip(self.others, self.comparisons, strict=True)),
            unreached=tuple(self._arm(own) for own in self._unreached()),
            full_days=subject.full_days,
            mature=self._mature(),
            decision_window_days=campaign.decision_window_days,
            minimum_lift=float(subject.plan.minimum_lift) if subject.plan.minimum_lift else None,
            planned_per_arm=sizing.per_arm,
            days_left=sizing.days_left,
            sealed_until=None if until is None else date_text(until, subject.zone, now=subject.at),
            faults=tuple(self._faults(alarms)),
            remarks=tuple(self._remarks(alarms)),
        )

    def _arm(self, variant: Variant) -> Arm:
        cell = self.counts.of(variant.number)
        takes_new = dict(self.subject.campaign.weights).get(variant.number, 0) > 0
        return Arm(variant.variant_id, variant.name, cell.visitors, cell.converters, cell.conversions, takes_new)

    def _rival(self, variant: Variant, found: Comparison) -> Rival:
        return Rival(
            arm=self._arm(variant),
            difference=found.fixed.value if found.fixed else None,
            p_value=found.adjusted_p,
            interval=found.always.interval,
            lift=found.always.lift,
            lift_interval=found.always.lift_interval,
            slices=tuple(part for part in self.slices if part.variant == variant.number),
        )

    def _unreached(self) -> list[Variant]:
        known = {self.subject.control, *self.others}
        return [own for own in self.subject.campaign.variants if own not in known]

    def _mature(self) -> float | None:
        """The smallest share of a variant's visitors that entered at least the decision window ago."""
        since = self.subject.at - self.subject.campaign.decision_window_days * DAY
        recent = _by_variant(self.entered_in((since, self.subject.at)))
        shares = [
            1 - min(1.0, recent.get(number, 0) / self.counts.of(number).visitors) for number in self.counts.entered
        ]
        return min(shares, default=None)

    def _faults(self, alarms: tuple[Alarm, ...]) -> list[Reason]:
        zone, now = self.subject.zone, self.subject.at
        arms = [self._arm(own) for own in self.subject.campaign.variants]
        found = [faults.alarm_fault(alarm, zone, now) for alarm in alarms if alarm.is_open]
        names = {own.number: own.name for own in self.subject.campaign.variants}
        others = (
            faults.leak_fault(self.counts),
            self._lost_arrivals(),
            faults.impossible_fault(arms),
            faults.miscount_fault(self.miscounts, names),
        )
        return found + [fault for fault in others if fault is not None]

    def _lost_arrivals(self) -> Reason | None:
        """Judged only where pages report that they opened: conversions alone would make every winner a fault."""
        control = self.subject.control
        if control is None or not self.subject.is_live:
            return None
        lost = faults.has_lost_arrivals(self.counts, control.number, [own.number for own in self.others])
        since = self.subject.at - ARRIVALS_LOOKED_FOR_DAYS * DAY
        if not lost or not store.has_arrivals(self.tx, self.subject.ref, self.subject.world, since):
            return None
        named = [(own.number, own.name) for own in self.others if own.number in lost]
        return faults.arrival_fault(self.counts, (control.number, control.name), named)

    def _remarks(self, alarms: tuple[Alarm, ...]) -> list[Reason]:
        subject, counts = self.subject, self.counts
        watched = watched_p(counts, self.ratio, closed_phases(alarms))
        numbers = [own.number for own in (subject.control, *self.others) if own is not None]
        found = [
            faults.watch_remark(watched) if subject.is_live else None,
            faults.currency_remark(counts, numbers, subject.campaign.currency),
            *self._one_order(),
            self._refunds(),
            faults.cookieless_remark(counts),
            self._former_winner(),
            faults.short_ctx_remark(subject.campaign),
        ]
        return [remark for remark in found if remark is not None]

    def _one_order(self) -> list[Reason | None]:
        """Only where revenue is compared at all."""
        control, currency = self.subject.control, self.subject.campaign.currency
        compared = zip(self.others, self.comparisons, strict=True)
        return [
            faults.one_order_remark(self.counts, (control.number, control.name), (own.number, own.name), currency)
            for own, found in compared
            if control is not None and not isinstance(found.revenue, str)
        ]

    def _refunds(self) -> Reason | None:
        control = self.subject.control
        if control is None:
            return None
        others = [(own.number, own.name) for own in self.others]
        return faults.refunds_remark(self.counts, (control.number, control.name), others)

    def _former_winner(self) -> Reason | None:
        """Shown beside a verdict that is another one by now; `decide` leaves it out where B still wins."""
        if not self.subject.is_live:
            return None
        look = store.last_look_with(self.tx, self.subject.ref, self.subject.epoch, Code.WINNER)
        return faults.former_winner_remark(look, self.subject.zone, self.subject.at) if look else None


def closed_phases(alarms: Sequence[Alarm]) -> set[int]:
    return {alarm.phase for alarm in alarms if not alarm.is_open}


def _by_variant(entered: Mapping[tuple[int, int], int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for (_, variant), amount in entered.items():
        found[variant] = found.get(variant, 0) + amount
    return found
