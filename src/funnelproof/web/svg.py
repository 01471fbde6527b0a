"""Line charts as SVG, by one small template: they open anywhere and load nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 36, 44, 56
LEGEND = 20
"""Height of a line of the legend, above the plot."""
COLOURS = ("#0b6e4f", "#b3261e", "#3949ab")
DASHES = ("", "6 4", "2 3")
TICKS = 5
EASY_STEPS = (1, 2, 2.5, 5, 10)
PAGE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}"
 font-family="system-ui, sans-serif" font-size="13" fill="#1b1b1b">
<title>{title}</title>
<rect width="{width}" height="{height}" fill="#ffffff"/>
<text x="{left}" y="24" font-size="16" font-weight="600">{title}</text>
{marks}
<text x="{middle}" y="{foot}" text-anchor="middle">{x_label}</text>
</svg>
"""


@dataclass(frozen=True, slots=True)
class Line:
    """Points from left to right; y is a share between 0 and 1."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """`level` is a horizontal line to compare with, `moment` a vertical one; `up_to` is the largest share shown.

    `lacking` says why there are no lines.
    """

    title: str
    x_label: str
    lines: Sequence[Line]
    level: tuple[str, float] | None = None
    moment: tuple[str, float] | None = None
    up_to: float = 1.0
    lacking: str | None = None

    @property
    def last_x(self) -> float:
        return max((x for line in self.lines for x, _ in line.points), default=0.0) or 1.0

    @property
    def top(self) -> int:
        return TOP + LEGEND * len(self.lines)


def svg(chart: Chart) -> str:
    marks = [*_grid(chart), *_level(chart), *_moment(chart), *_lacking(chart)]
    for place, line in enumerate(chart.lines):
        marks += _line(chart, line, place)
    return PAGE.format(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        middle=(LEFT + WIDTH - RIGHT) // 2,
        foot=HEIGHT - 14,
        title=escape(chart.title),
        x_label=escape(chart.x_label),
        marks="\n".join(marks),
    )


def _x(chart: Chart, value: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * value / chart.last_x, 1)


def _y(chart: Chart, share: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - chart.top - BOTTOM) * min(share / chart.up_to, 1), 1)


def _ticks(up_to: float) -> list[float]:
    """From 0 in steps that are easy to read: 1, 2, 2.5 or 5 and noughts."""
    rough = up_to / TICKS
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * easy for easy in EASY_STEPS if unit * easy >= rough * (1 - 1e-9))
    return [step * at for at in range(int(up_to / step + 1e-9) + 1)]


def _grid(chart: Chart) -> list[str]:
    marks: list[str] = []
    for share in _ticks(chart.up_to):
        y = _y(chart, share)
        marks.append(f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#e0e0e0"/>')
        marks.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{100 * share:.3g} %</text>')
    for value in _ticks(chart.last_x) if chart.lines else ():
        number = f"{value:,.10g}".replace(",", " ")
        x = _x(chart, value)
        marks.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{number}</text>')
    return marks


def _level(chart: Chart) -> list[str]:
    if chart.level is None:
        return []
    name, share = chart.level
    y = _y(chart, share)
    line = f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#757575" stroke-dasharray="3 3"/>'
    return [line, f'<text x="{WIDTH - RIGHT}" y="{y - 6}" text-anchor="end" fill="#616161">{escape(name)}</text>']


def _moment(chart: Chart) -> list[str]:
    """Named on the side of its line that has more room."""
    if chart.moment is None or not 0 <= chart.moment[1] <= chart.last_x:
        return []
    name, at = chart.moment
    x, y, is_early = _x(chart, at), HEIGHT - BOTTOM - 8, at < chart.last_x / 2
    line = f'<line x1="{x}" y1="{chart.top}" x2="{x}" y2="{HEIGHT - BOTTOM}" stroke="#757575" stroke-dasharray="3 3"/>'
    anchor, beside = ("start", x + 6) if is_early else ("end", x - 6)
    return [line, f'<text x="{beside}" y="{y}" text-anchor="{anchor}" fill="#616161">{escape(name)}</text>']


def _lacking(chart: Chart) -> list[str]:
    if chart.lacking is None:
        return []
    x, y = (LEFT + WIDTH - RIGHT) // 2, HEIGHT // 2
    return [f'<text x="{x}" y="{y}" text-anchor="middle" fill="#616161">{escape(chart.lacking)}</text>']


def _line(chart: Chart, line: Line, place: int) -> list[str]:
    """Told apart by dashes as well as by colour."""
    colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
    points = " ".join(f"{_x(chart, x)},{_y(chart, share)}" for x, share in line.points)
    stroke = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
    y = TOP + LEGEND * place
    return [
        f'<polyline points="{points}" {stroke}/>',
        f'<line x1="{LEFT}" y1="{y}" x2="{LEFT + 32}" y2="{y}" {stroke}/>',
        f'<text x="{LEFT + 40}" y="{y + 4}">{escape(line.name)}</text>',
    ]
