"""The outcome as one HTML file that needs nothing else: verdict, scenes, a waterfall for each variant, the receipt."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from funnelproof.plans.outcome import Outcome, SceneOutcome, Sent

WHOLE, BAR_HEIGHT = 1000.0, 16
SHORTEST_BAR = 2.0
TICKS = 5
EVERYBODY = "no single variant"


@dataclass(frozen=True, slots=True)
class Bar:
    """In a picture 1000 wide."""

    x: float
    width: float
    y: int
    label: str
    is_refused: bool
    is_late: bool


@dataclass(frozen=True, slots=True)
class Lane:
    variant: str
    bars: tuple[Bar, ...]
    height: int


def page_of(outcome: Outcome) -> str:
    lanes = tuple(lanes_of(outcome))
    most = _whole_ms(outcome)
    ticks = [(WHOLE * at / TICKS, f"{most * at / TICKS:.0f} ms") for at in range(TICKS + 1)]
    return _template().render(outcome=outcome, lanes=lanes, ticks=ticks, bar_height=BAR_HEIGHT, json=_json)


def lanes_of(outcome: Outcome) -> Iterator[Lane]:
    """A waterfall for each variant: every request of its scenes, when it was sent and how long it took."""
    scale = WHOLE / _whole_ms(outcome)
    by_variant: dict[str, list[SceneOutcome]] = {}
    for scene in outcome.scenes:
        if scene.sent:
            by_variant.setdefault(scene.variant or EVERYBODY, []).append(scene)
    for variant in sorted(by_variant, key=lambda name: (name == EVERYBODY, name)):
        sent = [(scene, own) for scene in by_variant[variant] for own in scene.sent]
        bars = tuple(_bar(scene, own, at, scale) for at, (scene, own) in enumerate(sent))
        yield Lane(variant, bars, len(bars) * BAR_HEIGHT)


def _bar(scene: SceneOutcome, own: Sent, at: int, scale: float) -> Bar:
    x, width = own.began_ms * scale, max(own.ms * scale, SHORTEST_BAR)
    label = f"{scene.number}. {own.method} {_short(own.path)} → {own.status}, {own.ms:.0f} ms"
    return Bar(x, width, at * BAR_HEIGHT, label, is_refused=own.status >= 400, is_late=x > WHOLE / 2)


def _short(path: str) -> str:
    """The end of a path tells what was asked."""
    parts = path.strip("/").split("/")
    return "/".join(["…", *parts[-2:]] if len(parts) > 3 else parts)


def _whole_ms(outcome: Outcome) -> float:
    return max([own.began_ms + own.ms for scene in outcome.scenes for own in scene.sent] + [outcome.ms, 1.0])


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@cache
def _template() -> Template:
    loader = PackageLoader("funnelproof.plans.reports", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    return environment.get_template("page.html")
