"""Where the marks of a drawing stand. Templates draw them; a table beside each tells the same."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

WIDTH, LEFT, RIGHT = 560.0, 12.0, 548.0
ROW = 34.0


class Bar(NamedTuple):
    """One row of an interval plot; x are places in the drawing."""

    name: str
    low: float
    at: float
    high: float
    y: float


class Forest(NamedTuple):
    bars: list[Bar]
    zero: float | None
    ticks: list[tuple[float, float]]
    height: float


def forest(rows: Sequence[tuple[str, float, float, float]], *, around_zero: bool = False) -> Forest | None:
    """`rows` are (name, low, at, high) in fractions."""
    if not rows:
        return None
    low, high = min(row[1] for row in rows), max(row[3] for row in rows)
    if around_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    ticks = _ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])

    def place(value: float) -> float:
        return round(LEFT + (value - low) / ((high - low) or 1.0) * (RIGHT - LEFT), 1)

    bars = [
        Bar(name, place(below), place(at), place(above), 18 + number * ROW)
        for number, (name, below, at, above) in enumerate(rows)
    ]
    marks = [(place(tick), tick) for tick in ticks]
    return Forest(bars, place(0.0) if around_zero else None, marks, len(rows) * ROW + 24)


def _ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    span = (high - low) or 0.01
    step: float = 10 ** math.floor(math.log10(span / wanted))
    step *= next(times for times in (1, 2, 5, 10) if span / (step * times) <= wanted + 1)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(number * step, 10) for number in range(first, last + 1)]


LIGHTS = ("PASS", "WARN", "UNKNOWN", "FAIL")
"""From the top row of a plot of lights to its lowest."""


class Stretch(NamedTuple):
    """A light as long as it stood, as a bar from x to x + width in its own row."""

    x: float
    width: float
    y: float
    status: str
    since: str


class Lights(NamedTuple):
    bars: list[Stretch]
    rows: list[tuple[float, str]]
    steps: str
    first: str
    last: str


def lights(changes: Sequence[dict[str, Any]], until: str, *, days_back: int = 14) -> Lights | None:
    """`changes` newest first, as the API lists them; the plot ends at `until` and begins two weeks before at most."""
    if not changes:
        return None
    end = _instant(until)
    begin = max(_instant(changes[-1]["at"]), end - days_back * 86_400)
    span, left, row = max(end - begin, 1.0), LEFT + 74, 20.0
    turned = [(max(_instant(one["at"]), begin), one["to"], one["at"]) for one in reversed(changes)]
    turned = [one for at, one in enumerate(turned) if at == 0 or one[1] != turned[at - 1][1]]
    ends = [*(at for at, _, _ in turned[1:]), end]
    bars: list[Stretch] = []
    for (since, status, told), till in zip(turned, ends, strict=True):
        x, x_end = (round(left + (at - begin) / span * (RIGHT - left), 1) for at in (since, max(since, till)))
        if till > begin or not bars:
            bars.append(Stretch(x, max(3.0, round(x_end - x, 1)), 8 + LIGHTS.index(status) * row, status, told))
    rows = [(8 + at * row, status) for at, status in enumerate(LIGHTS)]
    first = changes[-1]["at"] if begin == _instant(changes[-1]["at"]) else _text(begin)
    steps = " ".join(f"{own.x},{own.y + 5} {own.x + own.width},{own.y + 5}" for own in bars)
    return Lights(bars, rows, steps, first, until)


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Line(NamedTuple):
    points: str
    dots: list[tuple[float, float, str, int]]


class Days(NamedTuple):
    """A line over days: its path, its dots with what they tell, and where the axis is named."""

    line: Line
    top: int
    first: str
    last: str


def days(rows: Sequence[dict[str, Any]], field: str, *, height: float = 140.0) -> Days | None:
    if not rows:
        return None
    top = max(1, *(row[field] for row in rows)) if len(rows) > 1 else max(1, rows[0][field])
    step = (RIGHT - LEFT - 30) / max(1, len(rows) - 1)
    dots = [
        (
            round(LEFT + 30 + at * step, 1),
            round(height - 10 - row[field] / top * (height - 30), 1),
            row["key"],
            row[field],
        )
        for at, row in enumerate(rows)
    ]
    return Days(Line(" ".join(f"{x},{y}" for x, y, _, _ in dots), dots), top, rows[0]["key"], rows[-1]["key"])


def spark(rows: Sequence[dict[str, Any]], field: str) -> str:
    """The points of a line of 96 × 22, of rows in order."""
    if len(rows) < 2:
        return ""
    top = max(1, *(row[field] for row in rows))
    step = 92 / (len(rows) - 1)
    return " ".join(f"{2 + at * step:.1f},{20 - row[field] / top * 17:.1f}" for at, row in enumerate(rows))
