"""A campaign's health as a table, and what turned from one look to the next."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from funnelproof.cli.table import WIDTH, table

STYLES = {"PASS": "green", "WARN": "yellow", "FAIL": "bold red", "UNKNOWN": "dim"}
LIGHT = "light"
ABSENT = "absent"
SHOWN = 8


class Turn(NamedTuple):
    """A check, or the light, that is not what it was; `absent` where it did not apply or does no more."""

    what: str
    before: str
    now: str


def turned(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Turn]:
    """The light first, then the checks in their order."""
    old, new = _statuses(before), _statuses(now)
    names = dict.fromkeys([*new, *old])
    pairs = ((name, old.get(name, ABSENT), new.get(name, ABSENT)) for name in names)
    return [Turn(*pair) for pair in pairs if pair[1] != pair[2]]


def _statuses(health: Mapping[str, Any]) -> dict[str, str]:
    return {LIGHT: health["status"], **{check["id"]: check["status"] for check in health["checks"]}}


def picture(health: Mapping[str, Any]) -> Table:
    rows = [
        (Text(check["status"], style=STYLES[check["status"]]), check["id"], _said(check)) for check in health["checks"]
    ]
    ramp = "spend may ramp" if health["spendRamp"]["ready"] else "spend must not ramp"
    title = f"{health['campaignId']}: {health['status']}, {health['score']} of 100, {ramp}"
    return table(f"{title}\n{health['checkedAt']}", ("", "check", "what was found"), rows)


def _said(check: Mapping[str, Any]) -> str:
    mend = check["remedy"] if check["status"] != "PASS" else None
    return f"{check['title']} {mend}" if mend else str(check["title"])


class Watching:
    """On a terminal the table is renewed in place; a pipe gets the first table and then a line for each turn."""

    def __init__(self, first: Mapping[str, Any], console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False)
        self._console.width = min(self._console.width, WIDTH)
        self._last, self._turns, self._note = first, list[Text](), ""
        self._live = Live(self._drawn(), console=self._console, auto_refresh=False)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start(refresh=True)
        else:
            self._console.print(picture(self._last))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def see(self, health: Mapping[str, Any]) -> None:
        lines = [_line(turn, health["checkedAt"]) for turn in turned(self._last, health)]
        self._last, self._note = health, ""
        self._say(lines)

    def missed(self, why: str) -> None:
        """The last table stays; it says that it is old."""
        line = Text(why, style="yellow")
        lines = [line] if why != self._note else []
        self._note = why
        self._say(lines)

    def _say(self, lines: list[Text]) -> None:
        self._turns = [*self._turns, *lines][-SHOWN:]
        if self._console.is_terminal:
            self._live.update(self._drawn(), refresh=True)
            return
        for line in lines:
            self._console.print(line, soft_wrap=True)

    def _drawn(self) -> Group:
        return Group(*self._turns, picture(self._last))


def _line(turn: Turn, at: str) -> Text:
    line = Text(f"{at}  {turn.what}: {turn.before} → ")
    return line.append(turn.now, style=STYLES.get(turn.now, ""))
