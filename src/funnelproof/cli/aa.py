"""`funnelproof stats aa`: simulated tests, and how often each method sees what is not there, or misses what is."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.home import JsonOption

if TYPE_CHECKING:
    from funnelproof.statistics.simulation import Advance, Finding, Outcome

OUT_OF_BAND = 1
PLOTTED = "5 %, 50/50"


def aa(
    runs: Annotated[int, typer.Option(min=100, max=100_000, help="Simulated tests in each setting.")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="The same seed gives the same figures.")] = 1,
    plot: Annotated[Path | None, typer.Option(help="Write false alarms against visitors into this SVG file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """False alarms of both methods with a look every 100 visitors to 50 000; 1 if one is out of its band.

    After them changing weights, true differences, power at the planned size, and the watch on the split.
    """
    from funnelproof.statistics.simulation import SCENARIOS, findings, simulate
    from funnelproof.statistics.trials import TRIALS, attempt

    with _progress(runs * (len(SCENARIOS) + len(TRIALS)), quiet=as_json) as advance:
        outcomes = [simulate(scenario, runs=runs, seed=seed, advance=advance) for scenario in SCENARIOS]
        tried = [attempt(trial, runs=runs, seed=seed, advance=advance) for trial in TRIALS]
    found = [finding for outcome in outcomes for finding in findings(outcome)]
    found += [finding for findings_of_one in tried for finding in findings_of_one]
    if plot is not None:
        _draw(next(outcome for outcome in outcomes if outcome.scenario.name == PLOTTED), plot)
    if as_json:
        typer.echo(json.dumps({"ok": all(f.ok for f in found), "runs": runs, "seed": seed, **_as_object(found)}))
    else:
        _show(found, runs)
    if not all(finding.ok for finding in found):
        raise typer.Exit(OUT_OF_BAND)


def _as_object(found: "list[Finding]") -> dict[str, object]:
    return {
        "findings": [
            {
                "scenario": finding.scenario,
                "method": finding.method,
                "looks": finding.looks,
                "rate": finding.rate,
                "band": finding.band,
                "ok": finding.ok,
            }
            for finding in found
        ]
    }


def _show(found: "list[Finding]", runs: int) -> None:
    from funnelproof.cli.table import show, table

    rows = [
        (_judged(finding), finding.scenario, finding.method, f"{100 * finding.rate:.2f} %", _band(finding))
        for finding in found
    ]
    columns = ("", "of what", "what came about", "in", "band")
    show(table(f"Simulated tests, {runs} of each", columns, rows, figures=2))


def _judged(finding: "Finding") -> str:
    if finding.band is None:
        return ""
    return "PASS" if finding.ok else "FAIL"


def _band(finding: "Finding") -> str:
    if finding.band is None:
        return "none"
    low, high = (f"{100 * end:.2f}" for end in finding.band)
    if finding.band[1] == 1:
        return f"≥ {low} %"
    return f"≤ {high} %" if finding.band[0] == 0 else f"{low}–{high} %"


def _draw(outcome: "Outcome", path: Path) -> None:
    from funnelproof.web.svg import Chart, Line, svg

    per_look = sum(outcome.scenario.per_look)
    visitors = [per_look * (look + 1) for look in range(outcome.scenario.looks)]
    lines = [
        Line("always valid: what decides", list(zip(visitors, outcome.always_valid, strict=True))),
        Line("fixed horizon, looked at each time", list(zip(visitors, outcome.fixed, strict=True))),
    ]
    title = f"False alarms in {outcome.runs} tests of two equal variants ({outcome.scenario.name})"
    path.write_text(svg(Chart(title, "visitors", lines, level=("5 %", 0.05), up_to=0.6)), "utf-8")


@contextmanager
def _progress(total: int, *, quiet: bool) -> "Iterator[Advance | None]":
    """A bar on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Simulating tests", total=total)
        yield lambda runs: bar.advance(task, runs)
