"""Stretches of time in words: "3 days", "1 h 30 min", "until the ctx expires"."""

import re

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
SHORT = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "d": "day", "w": "week"}
PART = re.compile(r"(\d{1,9})\s*([a-z]+)")
WHOLE = re.compile(r"(\s*(and\s+|,\s*)?\d{1,9}\s*[a-z]+)+\s*")
LONGEST_SECONDS = 400 * 86_400
UNTIL_EXPIRED, UNTIL_WINDOW_ENDS = "until the ctx expires", "until the window ends"
OCCURRED = re.compile(r"(?P<span>.+?)\s+(?P<side>ago|ahead)")


def seconds_of(text: str) -> int:
    """Seconds of a stretch such as "2 days and 3 hours". Raises ValueError, which says how to write it."""
    if WHOLE.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no stretch of time; write for example 40 days, 2 h or 1 h 30 min")
    total = sum(int(count) * UNITS[_unit(name)] for count, name in PART.findall(text))
    if total > LONGEST_SECONDS:
        raise ValueError(f"{text!r} is longer than 400 days, the most that one scene may wait")
    return total


def _unit(name: str) -> str:
    singular = name.removesuffix("s") if name not in SHORT else name
    unit = SHORT.get(singular, singular)
    if unit not in UNITS:
        raise ValueError(f"{name!r} is no unit of time; there are {', '.join(f'{own}s' for own in UNITS)}")
    return unit


def check_wait(text: str) -> str:
    if text not in (UNTIL_EXPIRED, UNTIL_WINDOW_ENDS):
        seconds_of(text)
    return text


def offset_of(text: str) -> int:
    """Seconds from now: "2 hours ago" is negative, "10 minutes ahead" positive."""
    match = OCCURRED.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not understood; write for example 2 hours ago, or 10 minutes ahead")
    seconds = seconds_of(match["span"])
    return -seconds if match["side"] == "ago" else seconds


def check_occurred(text: str) -> str:
    offset_of(text)
    return text
