"""The rules of a tag policy, and patterns that would hang another engine."""

import pytest

from funnelproof.tags.pattern import BadPattern, check_pattern, matches
from funnelproof.tags.policy import Breach, Case, Personal, TagPolicy, TagRule, lint_tags, personal_in

POLICY = TagPolicy(
    channels={"cpc": ("utm_term",)},
    tags={
        "utm_medium": TagRule(values=("email", "cpc")),
        "utm_campaign": TagRule(case=Case.LOWER, pattern=r"[a-z]+-\d{4}"),
    },
)
GOOD = {"utm_source": "mail", "utm_medium": "email", "utm_campaign": "diwali-2026"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"utm_source": ""}, [("utm_source", Breach.MISSING, None)]),
        ({"utm_medium": "cpc"}, [("utm_term", Breach.MISSING, None)]),
        ({"utm_medium": "cpc", "utm_term": "lamp"}, []),
        ({"utm_medium": "CPC"}, [("utm_term", Breach.MISSING, None), ("utm_medium", Breach.VALUE, "cpc")]),
        ({"utm_medium": "Emial"}, [("utm_medium", Breach.VALUE, "email")]),
        ({"utm_medium": "billboard"}, [("utm_medium", Breach.VALUE, None)]),
        ({"utm_campaign": "Diwali-2026"}, [("utm_campaign", Breach.CASE, "diwali-2026")]),
        ({"utm_campaign": "diwali-26"}, [("utm_campaign", Breach.PATTERN, None)]),
        ({"utm_campaign": "{{campaign.name}}"}, []),
        ({"utm_content": "ann@shop.example"}, [("utm_content", Breach.PERSONAL, None)]),
        ({"utm_content": "+49 170 1234567"}, [("utm_content", Breach.PERSONAL, None)]),
    ],
)
def test_a_link_against_a_policy(changed: dict[str, str], expected: list[tuple[str, Breach, str | None]]) -> None:
    found = lint_tags(POLICY, {**GOOD, **changed})
    assert [(own.tag, own.breach, own.becomes) for own in found] == expected


def test_one_allowed_value_is_the_mend_of_a_missing_tag() -> None:
    policy = TagPolicy(required=("utm_source",), tags={"utm_source": TagRule(values=("shop",))})
    (finding,) = lint_tags(policy, {})
    assert (finding.becomes, finding.fix) == ("shop", "add utm_source=shop")


@pytest.mark.parametrize("value", ["20261123", "23847561234567890", "spring-sale", "4+1", "@home", "0049"])
def test_ids_and_words_are_no_personal_data(value: str) -> None:
    assert personal_in(value) is None


def test_what_is_not_forbidden_may_stand() -> None:
    assert lint_tags(TagPolicy(required=(), forbidden=(Personal.PHONE,)), {"utm_term": "ann@shop.example"}) == []


def test_a_pattern_fits_the_whole_value() -> None:
    assert matches("a|b", "a")
    assert not matches("a|b", "ab")
    assert not matches("a", "a\n")


def test_a_pattern_of_nested_repeats_is_answered() -> None:
    """Engines that go back would try 2^200 ways here, and never return."""
    assert not matches("(a+)+", "a" * 200 + "!")
    assert not matches("(a|aa)+(b|bb)*c", "a" * 200)


@pytest.mark.parametrize("pattern", ["(", "a)|(b", r"(a){1000}{1000}", "(?=a)a", r"(a)\1", "(?x)a #"])
def test_what_is_no_pattern_of_ours_is_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(BadPattern, match=r"[a-z]"):
        check_pattern(pattern)
