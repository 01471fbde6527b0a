"""What a tag policy is, and what it finds wrong with the tags of one link. Knows no storage and no web."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from funnelproof.tags.pattern import matches

REQUIRED = ("utm_source", "utm_medium", "utm_campaign")
CHANNEL = "utm_medium"
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]{1,63}\.[^@\s]{1,63}")
PHONE = re.compile(r"\s*(?:\+|00|tel:)[0-9][0-9 ()./-]{6,24}")
FEWEST_DIGITS, MOST_DIGITS = 8, 17
PLACEHOLDER = re.compile(r"\{[^{}]+\}|\[\[[^\[\]]+\]\]|%%[^%]+%%|\*\|[^|]+\|\*")
"""What ad platforms and mail programs fill in later: `{keyword}`, `{{ad.name}}`, `%%name%%`, `*|NAME|*`."""


class Case(StrEnum):
    ANY = "ANY"
    LOWER = "LOWER"
    UPPER = "UPPER"


class Personal(StrEnum):
    """Personal data that no tag may hold: tags end in the logs of everybody whom the buyer passes."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"


class Breach(StrEnum):
    MISSING = "missing"
    PERSONAL = "personal_data"
    CASE = "case"
    VALUE = "value"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class TagRule:
    """What may stand in one tag. No values: any."""

    values: tuple[str, ...] = ()
    case: Case = Case.ANY
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class TagPolicy:
    """`channels` maps a value of `utm_medium` to the tags that it needs besides `required`."""

    required: tuple[str, ...] = REQUIRED
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: Mapping[str, TagRule] = field(default_factory=dict)
    forbidden: tuple[Personal, ...] = tuple(Personal)

    def required_of(self, channel: str) -> tuple[str, ...]:
        """Channels go by their names without regard to case, so that a wrong case loses no requirement."""
        wanted = channel.casefold()
        more = next((own for name, own in self.channels.items() if name.casefold() == wanted), ())
        return tuple(dict.fromkeys((*self.required, *more)))


@dataclass(frozen=True, slots=True)
class Finding:
    """`becomes` is the value that mends it, None where a person has to say."""

    tag: str
    breach: Breach
    detail: str
    fix: str
    becomes: str | None = None


def lint_tags(policy: TagPolicy, tags: Mapping[str, str]) -> list[Finding]:
    """Everything that is wrong with a link's tags: what lacks first, then each tag in its order."""
    present = {name: value for name, value in tags.items() if value}
    lacking = [name for name in policy.required_of(present.get(CHANNEL, "")) if name not in present]
    return [_missing(policy, name) for name in lacking] + lint_values(policy, present)


def lint_values(policy: TagPolicy, tags: Mapping[str, str]) -> list[Finding]:
    """What is wrong with the tags that are there; those that lack may still come with the click."""
    found = (_of_value(policy, name, value) for name, value in tags.items() if value)
    return [finding for finding in found if finding is not None]


def _missing(policy: TagPolicy, name: str) -> Finding:
    values = policy.tags.get(name, TagRule()).values
    becomes = values[0] if len(values) == 1 else None
    fix = f"add {name}={becomes or '…'}" + (f", one of {_listed(values)}" if len(values) > 1 else "")
    return Finding(name, Breach.MISSING, "is missing", fix, becomes)


def _of_value(policy: TagPolicy, name: str, value: str) -> Finding | None:
    """The first thing that is wrong: mending it may mend the rest."""
    personal = personal_in(value)
    if personal is not None and personal in policy.forbidden:
        kind = {Personal.EMAIL: "an e-mail address", Personal.PHONE: "a telephone number"}[personal]
        return Finding(name, Breach.PERSONAL, f"holds {kind}", "send an id of your own in its place")
    rule = policy.tags.get(name)
    if rule is None or PLACEHOLDER.search(value):
        return None
    return _of_rule(rule, name, value)


def _of_rule(rule: TagRule, name: str, value: str) -> Finding | None:
    cased = _cased(value, rule.case)
    if rule.values and value not in rule.values:
        near = _nearest(value, rule.values)
        fix = f"write {near}" if near else f"one of {_listed(rule.values)}"
        return Finding(name, Breach.VALUE, f"{value} is not allowed", fix, near)
    if cased != value:
        return Finding(name, Breach.CASE, f"{value} is not {rule.case.lower()} case", f"write {cased}", cased)
    if rule.pattern is not None and not matches(rule.pattern, value):
        return Finding(name, Breach.PATTERN, f"{value} does not fit", f"fit it to {rule.pattern}")
    return None


def personal_in(value: str) -> Personal | None:
    if EMAIL.search(value):
        return Personal.EMAIL
    digits = sum(letter.isdigit() for letter in value)
    is_phone = PHONE.fullmatch(value) is not None and FEWEST_DIGITS <= digits <= MOST_DIGITS
    return Personal.PHONE if is_phone else None


def _cased(value: str, case: Case) -> str:
    return {Case.ANY: value, Case.LOWER: value.lower(), Case.UPPER: value.upper()}[case]


def _nearest(value: str, values: tuple[str, ...]) -> str | None:
    by_folded = {own.casefold(): own for own in values}
    close = get_close_matches(value.casefold(), by_folded, n=1, cutoff=0.7)
    return by_folded[close[0]] if close else None


def _listed(values: tuple[str, ...]) -> str:
    shown = ", ".join(values[:5])
    return f"{shown} …" if len(values) > 5 else shown
