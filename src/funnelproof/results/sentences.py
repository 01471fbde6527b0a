"""The sentences of verdicts and of their reasons: short, with figures, in points, saying what to do."""

from collections.abc import Sequence

from funnelproof.results.facts import DAYS_NEEDED, Facts, Reason, Rival
from funnelproof.results.slices import Slice
from funnelproof.results.words import GOALS, between, grouped, many, names, percent, points, signed_points
from funnelproof.statistics import CONVERTERS_NEEDED

FLIPS_TOLD = 3


def sealed(facts: Facts) -> str:
    return f"Results are sealed until {facts.sealed_until}. Counts and health are shown."


def invalid(facts: Facts) -> str:
    return f"Do not use this test: {'; '.join(fault.sentence for fault in facts.faults)}."


def nobody(facts: Facts) -> str:
    if facts.control is None:
        return "No variant is the control, so there is nothing to compare with."
    arms = (*facts.arms, *facts.unreached)
    if len(arms) < 2:
        return f"There is no variant beside {facts.control.name}, so there is nothing to compare."
    empty = [arm.name for arm in arms if arm.visitors == 0]
    if len(empty) == len(arms):
        return "Nobody has entered the test yet."
    return f"Nobody has reached {names(empty, 'or')} yet."


def loser(facts: Facts) -> str:
    """What each loses, and the advice."""
    who = names([rival.arm.name for rival in facts.worse])
    several = len(facts.worse) > 1
    verb = GOALS[facts.goal].worse[several]
    losses = [_loss(facts, rival) for rival in facts.worse]
    told = _each(facts.worse, losses) if several else losses[0]
    return f"{who} {verb} {_control(facts)}: {told}. Stop {'them' if len(facts.worse) > 2 else who}."


def early_harm() -> str:
    return f"This was plain before {DAYS_NEEDED} full days were over."


def few_converters(facts: Facts) -> str:
    people = GOALS[facts.goal].people
    arms = [facts.control] if facts.control and facts.control.converters < CONVERTERS_NEEDED else []
    best = max((rival.arm for rival in facts.rivals), key=lambda arm: arm.converters, default=None)
    if best is not None and best.converters < CONVERTERS_NEEDED:
        arms.append(best)
    return ", ".join(f"{arm.converters} of {CONVERTERS_NEEDED} {people} with {arm.name}" for arm in arms)


def few_days(facts: Facts) -> str:
    return f"{facts.full_days} of {DAYS_NEEDED} days"


def immature(facts: Facts) -> str:
    days = many(facts.decision_window_days, "day")
    if facts.mature is None:
        return f"nobody has had {days} to decide yet"
    return f"only {percent(int(facts.mature * 100) / 100)} of the visitors have had {days} to decide"


def too_early(facts: Facts, reasons: Sequence[Reason]) -> str:
    """The days first, as everybody waits for them; while they lack, open windows go without saying."""
    by_code = {reason.code: reason.sentence for reason in reasons}
    waits = by_code.get("fewer_than_7_full_days") or by_code.get("immature_windows", "")
    told = "; ".join(filter(None, (waits, by_code.get("few_converters", ""))))
    standing = _standing(facts)
    return f"Too early to say: {told}. {standing}".strip()


def winner(facts: Facts) -> str:
    people = GOALS[facts.goal].people
    gains = [between(rival.interval) for rival in facts.winners if rival.interval is not None]
    who = names([rival.arm.name for rival in facts.winners])
    if len(gains) == 1:
        told = f"{who} beats {_control(facts)}: {gains[0]} more {people}."
    else:
        told = f"{who} beat {_control(facts)}: {_each(facts.winners, gains)} more {people}."
    return f"{told} You may stop now; looking often does not change that."


def not_told_apart(facts: Facts) -> str:
    return f"Which of {names([rival.arm.name for rival in facts.winners])} is better is not told apart."


def variant_worse(facts: Facts) -> str:
    verb = GOALS[facts.goal].worse[len(facts.worse) > 1]
    return f"{names([rival.arm.name for rival in facts.worse])} {verb} {_control(facts)}."


def no_meaningful_difference(facts: Facts) -> str:
    asked = percent(facts.minimum_lift or 0.0)
    which = "the one" if len(facts.rivals) < 2 else "whichever"
    return f"Whatever difference there is, it is smaller than the {asked} you asked for. Take {which} you prefer."


def running(facts: Facts) -> str:
    first = "No difference yet." if not facts.worse else f"{variant_worse(facts)} No other difference yet."
    if facts.days_left is None:
        return first
    return f"{first} About {many(facts.days_left, 'day')} to the planned size."


def mixed(facts: Facts) -> str:
    return f"{variant_worse(facts)} The others are not told apart from {_control(facts)}."


def more_but_lower(facts: Facts) -> str:
    people = GOALS[facts.goal].people
    return f"A variant with more conversions in all has fewer {people} among its visitors: it was shown to more people."


def slice_flips(facts: Facts) -> str:
    """`With device MOBILE B is behind A: between 0.4 and 1.9 points, though over all it is ahead.`"""
    told = [_flip(facts, rival, own) for rival in facts.rivals for own in rival.flips]
    more = f" So it is in {many(len(told) - FLIPS_TOLD, 'other part')}." if len(told) > FLIPS_TOLD else ""
    return f"{' '.join(told[:FLIPS_TOLD])}{more}"


def _flip(facts: Facts, rival: Rival, own: Slice) -> str:
    stands, whole = ("behind", "ahead") if own.difference < 0 else ("ahead of", "behind")
    where = f"With {own.dimension} {own.value} {rival.arm.name} is {stands} {_control(facts)}"
    return f"{where}: {between(own.interval)}, though over all it is {whole}."


def not_whole_weeks(facts: Facts) -> str:
    return f"{facts.full_days} days are not whole weeks: some weekdays count more than others."


def _standing(facts: Facts) -> str:
    """`B is ahead by 0.6 points; the true difference lies between −2.7 and +3.9.`"""
    known = [rival for rival in facts.rivals if rival.difference is not None and rival.interval is not None]
    if not known:
        return ""
    best = max(known, key=lambda rival: rival.difference or 0.0)
    low, high = signed_points(*(best.interval or (0.0, 0.0)))
    return f"{best.arm.name} is {_ahead(best.difference)}; the true difference lies between {low} and {high}."


def _ahead(difference: float | None) -> str:
    if not difference:
        return "level"
    return f"{'ahead' if difference > 0 else 'behind'} by {points(difference)[0]} points"


def _loss(facts: Facts, rival: Rival) -> str:
    """The interval if it lies wholly below 0, else the counts, which always say it."""
    if rival.interval is not None and rival.interval[1] < 0:
        return f"{between(rival.interval)} less"
    control = facts.control
    own = f"{rival.arm.converters} of {grouped(rival.arm.visitors)}"
    return f"{own} against {control.converters} of {grouped(control.visitors)}" if control else own


def _each(rivals: Sequence[Rival], told: Sequence[str]) -> str:
    return ", ".join(f"{rival.arm.name} {text}" for rival, text in zip(rivals, told, strict=True))


def _control(facts: Facts) -> str:
    return facts.control.name if facts.control else "the control"
