"""The table of verdicts, row by row: facts in, code, reasons and sentence out."""

from dataclasses import replace

import pytest

from funnelproof.campaigns.campaign import GoalType
from funnelproof.results.facts import Arm, Facts, Reason, Rival
from funnelproof.results.slices import Slice
from funnelproof.results.verdict import Code, decide

A = Arm("a", "A", 2_000, 100, 100)


def rival(name: str = "B", converters: int = 110, **more: object) -> Rival:
    told: dict[str, object] = {
        "difference": 0.006,
        "p_value": 0.9,
        "interval": (-0.027, 0.039),
        "lift": 0.1,
        "lift_interval": (-0.3, 0.6),
    }
    arm = Arm(name.lower(), name, 2_000, converters, converters)
    return Rival(arm, **{**told, **more})  # type: ignore[arg-type]


B = rival()
BETTER = rival(converters=160, difference=0.0085, p_value=0.01, interval=(0.003, 0.014), lift_interval=(0.1, 0.4))
BETTER_C = rival("C", converters=150, difference=0.008, p_value=0.02, interval=(0.001, 0.015))
WORSE = rival(converters=40, difference=-0.0115, p_value=0.01, interval=(-0.019, -0.004))
WORSE_C = rival("C", converters=30, difference=-0.012, p_value=0.01, interval=(-0.02, -0.004))
LEVEL = rival(difference=0.0, interval=(-0.002, 0.002))
MOBILE = Slice(2, "device", "MOBILE", -0.0115, (-0.019, -0.004), 0.01, (900, 900), (60, 40))
DESKTOP = Slice(2, "device", "DESKTOP", 0.02, (0.01, 0.03), 0.01, (900, 900), (40, 90))
RIPE = Facts(GoalType.PRODUCT_SALE, A, (B,), full_days=14, mature=0.95)


def with_rivals(*rivals: Rival, **more: object) -> Facts:
    return replace(RIPE, rivals=rivals, **more)  # type: ignore[arg-type]


FAULT = Reason("sample_ratio", "visitors were not split as planned (52 : 48 instead of 50 : 50 since 23 Nov)")
CASES = {
    "sealed": (
        with_rivals(BETTER, sealed_until="1 Dec", faults=(FAULT,)),
        Code.EMBARGOED,
        [],
        "Results are sealed until 1 Dec. Counts and health are shown.",
    ),
    "split not as planned": (
        with_rivals(B, faults=(FAULT,)),
        Code.INVALID,
        ["sample_ratio"],
        "Do not use this test: visitors were not split as planned (52 : 48 instead of 50 : 50 since 23 Nov).",
    ),
    "nobody in B": (
        with_rivals(Rival(Arm("b", "B", 0, 0, 0))),
        Code.NOT_ENOUGH_DATA,
        ["nothing_to_compare", "few_converters"],
        "Nobody has reached B yet.",
    ),
    "no control": (
        replace(RIPE, control=None, rivals=()),
        Code.NOT_ENOUGH_DATA,
        ["nothing_to_compare"],
        "No variant is the control, so there is nothing to compare with.",
    ),
    "a harm is told after one day": (
        with_rivals(WORSE, full_days=1, mature=0.0),
        Code.LOSER,
        ["early_harm", "fewer_than_7_full_days", "immature_windows"],
        "B sells less than A: between 0.4 and 1.9 points less. Stop B.",
    ),
    "a harm after weeks": (
        with_rivals(WORSE),
        Code.LOSER,
        [],
        "B sells less than A: between 0.4 and 1.9 points less. Stop B.",
    ),
    "no harm is told on the first day": (
        with_rivals(WORSE, full_days=0),
        Code.NOT_ENOUGH_DATA,
        ["fewer_than_7_full_days"],
        "Too early to say: 0 of 7 days. B is behind by 1.1 points; the true difference lies between −1.9 and −0.4.",
    ),
    "one of two is worse": (
        with_rivals(WORSE, rival("C")),
        Code.NO_DIFFERENCE_YET,
        ["running", "mixed"],
        "B sells less than A. No other difference yet.",
    ),
    "both others are worse": (
        with_rivals(WORSE, WORSE_C),
        Code.LOSER,
        [],
        "B and C sell less than A: B between 0.4 and 1.9 points less, C between 0.4 and 2.0 points less. Stop B and C.",
    ),
    "a loser with too few buyers for an interval": (
        with_rivals(rival(converters=3, difference=-0.0485, p_value=0.001, interval=None, lift=None)),
        Code.LOSER,
        ["few_converters"],
        "B sells less than A: 3 of 2 000 against 100 of 2 000. Stop B.",
    ),
    "too few days": (
        with_rivals(B, full_days=5),
        Code.NOT_ENOUGH_DATA,
        ["fewer_than_7_full_days"],
        "Too early to say: 5 of 7 days. B is ahead by 0.6 points; the true difference lies between −2.7 and +3.9.",
    ),
    "too few buyers": (
        with_rivals(rival(converters=12, interval=None, p_value=None, difference=-0.04)),
        Code.NOT_ENOUGH_DATA,
        ["few_converters"],
        "Too early to say: 12 of 25 buyers with B.",
    ),
    "windows still open": (
        with_rivals(BETTER, mature=0.6412),
        Code.NOT_ENOUGH_DATA,
        ["immature_windows"],
        "Too early to say: only 64 % of the visitors have had 7 days to decide. "
        "B is ahead by 0.9 points; the true difference lies between +0.3 and +1.4.",
    ),
    "a winner": (
        with_rivals(BETTER),
        Code.WINNER,
        [],
        "B beats A: between 0.3 and 1.4 points more buyers. You may stop now; looking often does not change that.",
    ),
    "a winner after no whole weeks": (with_rivals(BETTER, full_days=9), Code.WINNER, ["not_whole_weeks"], None),
    "a winner beside a worse one": (
        with_rivals(BETTER, WORSE_C),
        Code.WINNER,
        ["variant_worse"],
        None,
    ),
    "two winners": (
        with_rivals(BETTER, BETTER_C),
        Code.WINNER,
        ["not_told_apart"],
        "B and C beat A: B between 0.3 and 1.4 points, C between 0.1 and 1.5 points more buyers. "
        "You may stop now; looking often does not change that.",
    ),
    "too good": (
        with_rivals(rival(p_value=0.001, difference=0.04, interval=(0.02, 0.06), lift=0.8, lift_interval=(0.4, 1.3))),
        Code.WINNER,
        ["too_good"],
        None,
    ),
    "p below alpha is no winner while the interval reaches 0": (
        with_rivals(rival(p_value=0.04, interval=(-0.001, 0.02)), rival("C")),
        Code.NO_DIFFERENCE_YET,
        ["running"],
        None,
    ),
    "smaller than what was asked for": (
        with_rivals(LEVEL, minimum_lift=0.1),
        Code.NO_MEANINGFUL_DIFFERENCE,
        ["smaller_than_minimum"],
        "Whatever difference there is, it is smaller than the 10 % you asked for. Take the one you prefer.",
    ),
    "smaller, and the planned size reached": (
        with_rivals(LEVEL, minimum_lift=0.1, planned_per_arm=2_000),
        Code.NO_MEANINGFUL_DIFFERENCE,
        ["smaller_than_minimum", "planned_size_reached"],
        None,
    ),
    "no plan says what is meaningful": (with_rivals(LEVEL), Code.NO_DIFFERENCE_YET, ["running"], None),
    "the planned size without an answer": (
        with_rivals(B, minimum_lift=0.1, planned_per_arm=2_000),
        Code.NO_DIFFERENCE_YET,
        ["planned_size_reached"],
        "The planned size is reached without an answer.",
    ),
    "a variant that was switched off is not waited for": (
        with_rivals(B, replace(rival("C"), arm=Arm("c", "C", 10, 0, 0, takes_new=False)), planned_per_arm=2_000),
        Code.NO_DIFFERENCE_YET,
        ["planned_size_reached"],
        None,
    ),
    "a variant that was closed once it had the planned size": (
        with_rivals(replace(B, arm=Arm("b", "B", 2_000, 110, 110, takes_new=False)), planned_per_arm=2_000),
        Code.NO_DIFFERENCE_YET,
        ["planned_size_reached"],
        "The planned size is reached without an answer.",
    ),
    "a variant that was closed before the planned size": (
        with_rivals(replace(B, arm=Arm("b", "B", 1_999, 110, 110, takes_new=False)), planned_per_arm=2_000),
        Code.NO_DIFFERENCE_YET,
        ["running"],
        None,
    ),
    "on the way": (
        with_rivals(B, planned_per_arm=15_590, days_left=13),
        Code.NO_DIFFERENCE_YET,
        ["running"],
        "No difference yet. About 13 days to the planned size.",
    ),
    "a part that says the opposite": (
        with_rivals(replace(BETTER, slices=(MOBILE, DESKTOP))),
        Code.WINNER,
        ["slice_flips"],
        None,
    ),
    "a part that says the same": (with_rivals(replace(BETTER, slices=(DESKTOP,))), Code.WINNER, [], None),
    "more orders, fewer buyers": (
        with_rivals(replace(rival(converters=90, difference=-0.005), arm=Arm("b", "B", 2_000, 90, 180))),
        Code.NO_DIFFERENCE_YET,
        ["running", "more_conversions_but_lower_rate"],
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_first_row_that_holds_decides_and_the_others_add_their_reasons(name: str) -> None:
    facts, code, reasons, sentence = CASES[name]
    verdict = decide(facts)
    assert (verdict.code, [reason.code for reason in verdict.reasons]) == (code, reasons)
    assert all(reason.sentence for reason in verdict.reasons)
    if sentence is not None:
        assert verdict.sentence == sentence


def test_a_part_that_says_the_opposite_is_named_with_its_interval() -> None:
    (reason,) = decide(with_rivals(replace(BETTER, slices=(MOBILE, DESKTOP)))).reasons
    assert reason.sentence == (
        "With device MOBILE B is behind A: between 0.4 and 1.9 points, though over all it is ahead."
    )
    many = tuple(replace(MOBILE, value=str(at)) for at in range(5))
    assert decide(with_rivals(replace(BETTER, slices=many))).reasons[0].sentence.endswith("So it is in 2 other parts.")


def test_every_code_has_a_case() -> None:
    assert {case[1] for case in CASES.values()} == set(Code)


@pytest.mark.parametrize("goal", GoalType)
def test_every_goal_has_its_words(goal: GoalType) -> None:
    for rivals in [(WORSE,), (WORSE, WORSE_C), (BETTER,)]:
        assert decide(replace(with_rivals(*rivals), goal=goal)).sentence.count("A") >= 1


def test_a_former_winner_is_told_only_while_there_is_none() -> None:
    was = Reason("was_winner_at", "There was a winner on 1 Dec.")
    assert was in decide(with_rivals(B, remarks=(was,))).reasons
    assert was not in decide(with_rivals(BETTER, remarks=(was,))).reasons


def test_while_sealed_nothing_is_told_but_until_when() -> None:
    sealed = with_rivals(BETTER, sealed_until="1 Dec", remarks=(Reason("short_ctx_life", "x"),))
    assert (decide(sealed).reasons, decide(sealed).variant_ids) == ((), ())


def test_a_small_difference_is_not_rounded_to_nothing() -> None:
    small = rival(p_value=0.01, difference=0.0003, interval=(0.0001, 0.0004))
    assert "between 0.01 and 0.04 points" in decide(with_rivals(small)).sentence
