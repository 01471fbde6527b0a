"""What a test says, in one code and one sentence: a pure function of counters, clock and settings.

The rows stand in the order in which they decide. The first that holds gives code and sentence; every other that holds
adds its reasons.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from funnelproof.results import sentences
from funnelproof.results.facts import DAYS_NEEDED, DAYS_NEEDED_TO_STOP, MATURE_SHARE_NEEDED, Facts, Reason, Rival
from funnelproof.statistics import CONVERTERS_NEEDED


class Code(StrEnum):
    EMBARGOED = "EMBARGOED"
    INVALID = "INVALID"
    NOT_ENOUGH_DATA = "NOT_ENOUGH_DATA"
    LOSER = "LOSER"
    WINNER = "WINNER"
    NO_MEANINGFUL_DIFFERENCE = "NO_MEANINGFUL_DIFFERENCE"
    NO_DIFFERENCE_YET = "NO_DIFFERENCE_YET"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`variant_ids` are those that the sentence is about: the winners, or those to stop."""

    code: Code
    sentence: str
    reasons: tuple[Reason, ...] = ()
    variant_ids: tuple[str, ...] = ()


def decide(facts: Facts) -> Verdict:
    """While results are sealed not even the reasons are told."""
    held = [row for rule in TABLE if (row := rule(facts)) is not None]
    first = held[0] if held else _still_running(facts)
    if first.code is Code.EMBARGOED:
        return Verdict(first.code, first.sentence)
    reasons = [reason for row in held or [first] for reason in row.reasons]
    reasons += [*_remarks(facts), *facts.remarks]
    if first.code is Code.WINNER:
        reasons = [reason for reason in reasons if reason.code != "was_winner_at"]
    return Verdict(first.code, first.sentence, _once_each(reasons), first.variant_ids)


def _sealed(facts: Facts) -> Verdict | None:
    return Verdict(Code.EMBARGOED, sentences.sealed(facts)) if facts.sealed_until is not None else None


def _invalid(facts: Facts) -> Verdict | None:
    return Verdict(Code.INVALID, sentences.invalid(facts), facts.faults) if facts.faults else None


def _nothing_to_compare(facts: Facts) -> Verdict | None:
    entered = [arm for arm in facts.arms if arm.visitors > 0]
    if len(entered) >= 2 and facts.control is not None and facts.control.visitors > 0:
        return None
    sentence = sentences.nobody(facts)
    return Verdict(Code.NOT_ENOUGH_DATA, sentence, (Reason("nothing_to_compare", sentence),))


def _loser(facts: Facts) -> Verdict | None:
    """The only row that needs no week: what does harm should stop."""
    if facts.full_days < DAYS_NEEDED_TO_STOP or facts.control_converters < CONVERTERS_NEEDED:
        return None
    if not facts.rivals or len(facts.worse) < len(facts.rivals):
        return None
    early = Reason("early_harm", sentences.early_harm())
    reasons = (early,) if facts.full_days < DAYS_NEEDED else ()
    return Verdict(Code.LOSER, sentences.loser(facts), reasons, _ids(facts.worse))


def _not_enough(facts: Facts) -> Verdict | None:
    reasons: list[Reason] = []
    best = max((rival.arm.converters for rival in facts.rivals), default=0)
    is_comparison = facts.control is not None and len(facts.rivals) > 0
    if is_comparison and min(facts.control_converters, best) < CONVERTERS_NEEDED:
        reasons.append(Reason("few_converters", sentences.few_converters(facts)))
    if facts.full_days < DAYS_NEEDED:
        reasons.append(Reason("fewer_than_7_full_days", sentences.few_days(facts)))
    if facts.mature is None or facts.mature < MATURE_SHARE_NEEDED:
        reasons.append(Reason("immature_windows", sentences.immature(facts)))
    if not reasons:
        return None
    return Verdict(Code.NOT_ENOUGH_DATA, sentences.too_early(facts, reasons), tuple(reasons))


def _winner(facts: Facts) -> Verdict | None:
    if not facts.winners:
        return None
    reasons: list[Reason] = []
    if len(facts.winners) > 1:
        reasons.append(Reason("not_told_apart", sentences.not_told_apart(facts)))
    if facts.worse:
        reasons.append(Reason("variant_worse", sentences.variant_worse(facts)))
    return Verdict(Code.WINNER, sentences.winner(facts), tuple(reasons), _ids(facts.winners))


def _no_meaningful_difference(facts: Facts) -> Verdict | None:
    rate = facts.control.rate if facts.control else None
    intervals = [rival.interval for rival in facts.rivals]
    if facts.minimum_lift is None or rate is None or not intervals:
        return None
    reach = facts.minimum_lift * rate
    if not all(interval is not None and -reach < interval[0] and interval[1] < reach for interval in intervals):
        return None
    sentence = sentences.no_meaningful_difference(facts)
    return Verdict(Code.NO_MEANINGFUL_DIFFERENCE, sentence, (Reason("smaller_than_minimum", sentence),))


def _planned_size_reached(facts: Facts) -> Verdict | None:
    """A variant that was closed on the way holds nothing up, and counts if it had got as far."""
    planned = facts.planned_per_arm
    if planned is None or any(arm.visitors < planned for arm in facts.arms if arm.takes_new):
        return None
    if sum(arm.visitors >= planned for arm in facts.arms) < 2:
        return None
    reason = Reason("planned_size_reached", "Every variant has as many visitors as were planned.")
    return Verdict(Code.NO_DIFFERENCE_YET, "The planned size is reached without an answer.", (reason,))


def _still_running(facts: Facts) -> Verdict:
    reasons = [Reason("running", "The test goes on.")]
    if facts.worse:
        reasons.append(Reason("mixed", sentences.mixed(facts)))
    return Verdict(Code.NO_DIFFERENCE_YET, sentences.running(facts), tuple(reasons))


TABLE: tuple[Callable[[Facts], Verdict | None], ...] = (
    _sealed,
    _invalid,
    _nothing_to_compare,
    _loser,
    _not_enough,
    _winner,
    _no_meaningful_difference,
    _planned_size_reached,
)
"""The rows in order; the last one of the table, `_still_running`, holds where none of these does."""


def _remarks(facts: Facts) -> list[Reason]:
    """Reasons that never decide, as far as these facts tell them."""
    found: list[Reason] = []
    if any(_has_more_conversions_but_lower_rate(facts, rival) for rival in facts.rivals):
        found.append(Reason("more_conversions_but_lower_rate", sentences.more_but_lower(facts)))
    if any(rival.flips for rival in facts.rivals):
        found.append(Reason("slice_flips", sentences.slice_flips(facts)))
    if facts.full_days > DAYS_NEEDED and facts.full_days % 7:
        found.append(Reason("not_whole_weeks", sentences.not_whole_weeks(facts)))
    if any(_is_too_good(rival) for rival in facts.rivals):
        found.append(Reason("too_good", "So large a difference is rare: check the tracking first."))
    return found


def _has_more_conversions_but_lower_rate(facts: Facts, rival: Rival) -> bool:
    if facts.control is None or rival.difference is None:
        return False
    return rival.difference < 0 and rival.arm.conversions > facts.control.conversions


def _is_too_good(rival: Rival) -> bool:
    if rival.lift is None or rival.lift_interval is None:
        return False
    return rival.lift > 0.5 and rival.lift_interval[0] > 0.2


def _once_each(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    first: dict[str, Reason] = {}
    for reason in reasons:
        first.setdefault(reason.code, reason)
    return tuple(first.values())


def _ids(rivals: Sequence[Rival]) -> tuple[str, ...]:
    return tuple(rival.arm.variant_id for rival in rivals)
