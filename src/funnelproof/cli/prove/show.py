"""Progress of a plan: a line for each scene as it ends, what failed below it, and a bar on a terminal."""

import json
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from funnelproof.plans.expect import Check
from funnelproof.plans.outcome import Outcome, SceneOutcome, Verdict

MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.ERROR: "!", Verdict.NOT_RUN: "–"}
STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.ERROR: "bold red", Verdict.NOT_RUN: "yellow"}
LONGEST_SEEN = 400


class Show:
    """Pipes get the same lines as terminals, without colour and bar."""

    def __init__(self, plan: str, scenes: int, *, quiet: bool) -> None:
        self._console = Console(quiet=quiet, highlight=False, markup=False, soft_wrap=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        is_seen = self._console.is_terminal and not quiet
        self._bar = Progress(*columns, TimeElapsedColumn(), console=self._console, transient=True, disable=not is_seen)
        self._plan, self._task = plan, self._bar.add_task(plan, total=scenes + 1)

    def __enter__(self) -> "Show":
        self._console.print(Text(self._plan, style="bold"))
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def scene(self, told: SceneOutcome) -> None:
        line = Text(f"{MARKS[told.verdict]} ", style=STYLES[told.verdict])
        line.append(f"{told.number:>3}. {told.says:<58} {told.ms:7.0f} ms", style="default")
        self._console.print(line)
        for check in told.failed:
            self._failed(told, check)
        self._bar.advance(self._task)

    def _failed(self, told: SceneOutcome, check: Check) -> None:
        self._console.print(f"        line {told.line}: {check.name}")
        self._console.print(Text(f"          expected  {_shown(check.expected)}", style="green"))
        self._console.print(Text(f"          seen      {_shown(check.observed)}", style="red"))
        for own in [own for own in told.sent if own.detail][-1:]:
            self._console.print(f"          the answer to {own.method} {own.path} said: {own.detail}")
        for own in told.sent[-1:]:
            self._console.print(f"          request   {own.request_id}")

    def end(self, outcome: Outcome) -> None:
        for scene in outcome.scenes:
            if scene.verdict is Verdict.NOT_RUN:
                self._console.print(Text(f"– {scene.number:>3}. {scene.says}  (not reached)", style="yellow"))
        count = {verdict: sum(scene.verdict is verdict for scene in outcome.scenes) for verdict in Verdict}
        told = [f"{count[Verdict.PASS]} passed"]
        told += [f"{count[Verdict.FAIL]} failed"] if count[Verdict.FAIL] else []
        told += [f"{count[Verdict.NOT_RUN]} not reached"] if count[Verdict.NOT_RUN] else []
        verdict = Text(
            f"{outcome.verdict}: {', '.join(told)} in {outcome.ms / 1000:.1f} s", style=STYLES[outcome.verdict]
        )
        self._console.print(verdict)
        self._console.print(f"run {outcome.run_id}, seed {outcome.seed}, fingerprint {outcome.fingerprint[:12]}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SEEN else f"{text[:LONGEST_SEEN]}…"
