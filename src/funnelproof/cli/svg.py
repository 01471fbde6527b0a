"""Line charts as SVG files, by one small template: they open anywhere and load nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 48, 56
COLOURS = ("#0b6e4f", "#b3261e", "#3949ab")
DASHES = ("", "6 4", "2 3")
TICKS = 5
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
    """`level` is a horizontal line to compare with; `up_to` is the largest share shown."""

    title: str
    x_label: str
    lines: Sequence[Line]
    level: tuple[str, float] | None = None
    up_to: float = 1.0

    @property
    def last_x(self) -> float:
        return max((x for line in self.lines for x, _ in line.points), default=0.0) or 1.0


def svg(chart: Chart) -> str:
    marks = [*_grid(chart), *_level(chart)]
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
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(share / chart.up_to, 1), 1)


def _grid(chart: Chart) -> list[str]:
    marks: list[str] = []
    for tick in range(TICKS + 1):
        share, value = chart.up_to * tick / TICKS, chart.last_x * tick / TICKS
        x, y = _x(chart, value), _y(chart, share)
        marks.append(f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#e0e0e0"/>')
        marks.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{100 * share:.3g} %</text>')
        number = f"{value:,.0f}".replace(",", " ")
        marks.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{number}</text>')
    return marks


def _level(chart: Chart) -> list[str]:
    if chart.level is None:
        return []
    name, share = chart.level
    y = _y(chart, share)
    line = f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#757575" stroke-dasharray="3 3"/>'
    return [line, f'<text x="{WIDTH - RIGHT}" y="{y - 6}" text-anchor="end" fill="#616161">{escape(name)}</text>']


def _line(chart: Chart, line: Line, place: int) -> list[str]:
    """Told apart by dashes as well as by colour."""
    colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
    points = " ".join(f"{_x(chart, x)},{_y(chart, share)}" for x, share in line.points)
    stroke = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
    y = TOP + 16 * place
    return [
        f'<polyline points="{points}" {stroke}/>',
        f'<line x1="{LEFT + 12}" y1="{y}" x2="{LEFT + 44}" y2="{y}" {stroke}/>',
        f'<text x="{LEFT + 52}" y="{y + 4}">{escape(line.name)}</text>',
    ]
