"""Expectations against what was seen: values, words for amounts, parts of mappings. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

DECIMAL = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?")
NUMBER = r"([+-]?\d{1,20}(?:\.\d{1,20})?)"
Test = Callable[[Decimal, list[Decimal]], bool]
WORDS: tuple[tuple[re.Pattern[str], Test], ...] = (
    (re.compile(f"at least {NUMBER}"), lambda seen, told: seen >= told[0]),
    (re.compile(f"at most {NUMBER}"), lambda seen, told: seen <= told[0]),
    (re.compile(f"more than {NUMBER}"), lambda seen, told: seen > told[0]),
    (re.compile(f"less than {NUMBER}"), lambda seen, told: seen < told[0]),
    (re.compile(f"between {NUMBER} and {NUMBER}"), lambda seen, told: told[0] <= seen <= told[1]),
)
ANY, NONE, NOT = "any", "none", "not "
ABSENT = "nothing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was expected. `name` leads into what was seen: `rows.b.clicks`."""

    name: str
    expected: Any
    observed: Any
    holds: bool


def checks_of(expected: Mapping[str, Any], observed: Mapping[str, Any], path: str = "") -> Iterator[Check]:
    """A check for each value that is expected; what is seen besides is not looked at."""
    for name, own in expected.items():
        seen, at = observed.get(name, ABSENT), f"{path}{name}"
        if isinstance(own, Mapping) and own and (isinstance(seen, Mapping) or seen == ABSENT):
            yield from checks_of(own, seen if isinstance(seen, Mapping) else {}, f"{at}.")
        else:
            yield Check(at, own, seen, is_met(own, seen))


def is_met(expected: Any, seen: Any) -> bool:
    if isinstance(expected, str):
        if expected == ANY:
            return seen is not None and seen != ABSENT
        if expected == NONE:
            return seen is None or seen == ABSENT or seen == {} or seen == []
        if expected.startswith(NOT):
            return not is_met(expected.removeprefix(NOT), seen)
        for words, test in WORDS:
            if (match := words.fullmatch(expected)) is not None:
                number = number_of(seen)
                return number is not None and test(number, [Decimal(told) for told in match.groups()])
    wanted, number = number_of(expected), number_of(seen)
    if wanted is not None and number is not None:
        return wanted == number
    return type(expected) is type(seen) and bool(expected == seen)


def number_of(value: Any) -> Decimal | None:
    """Amounts are text in answers: 49.9, "49.90" and 49.90 are one number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value)
    return Decimal(text) if DECIMAL.fullmatch(text) else None
