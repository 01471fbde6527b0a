"""`funnelproof recount`: every counter once more from the raw rows, and whether what is stored agrees."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.home import DataOption, JsonOption, opened_existing

if TYPE_CHECKING:
    from funnelproof.installation import Installation
    from funnelproof.recount.compare import Progress, Report

SHOWN = 40
COLUMNS = {
    "clicks": "clicks",
    "qualified_clicks": "by people",
    "visitors": "visitors",
    "conversions": "conver-\nsions",
    "converters": "conver-\nters",
}
DIFFERENT = 1


def recount(
    check: Annotated[bool, typer.Option("--check", help="Compare with the stored counters; 1 if any differs.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count clicks, conversions and visitors again from their rows, while the server goes on.

    Refused and repeated conversions and page views have no rows of their own: their counters are left out.
    """
    with opened_existing(data) as home, _progress(home, quiet=as_json) as progress:
        from funnelproof.recount import compare

        report = compare.recount(home.database, now=home.clock.now(), progress=progress)
    if as_json:
        typer.echo(json.dumps(_as_object(report, check=check)))
    elif check:
        _say_check(report)
    else:
        _show_sums(report)
    if check and report.different:
        raise typer.Exit(DIFFERENT)


def _as_object(report: "Report", *, check: bool) -> dict[str, object]:
    sums = [asdict(sums) for sums in report.sums]
    if not check:
        return {"sums": sums}
    differences = [asdict(difference) for difference in report.differences]
    return {"equal": report.equal, "different": report.different, "differences": differences, "sums": sums}


def _say_check(report: "Report") -> None:
    if not report.different:
        typer.echo(f"{report.equal} counters equal.")
        return
    _show_differences(report)
    rest = report.different - min(len(report.differences), SHOWN)
    more = f" ({rest} more are not shown)" if rest else ""
    typer.echo(f"{report.different} counters differ{more}, {report.equal} are equal.")


def _show_differences(report: "Report") -> None:
    from funnelproof.cli.table import show, table

    rows = []
    for one in report.differences[:SHOWN]:
        where = f"{one.handle}/{one.world}/{one.campaign_id or '(no campaign)'}\n{one.table}: {one.place}"
        rows.append((where, one.counter, str(one.stored), str(one.recounted)))
    columns = ("where", "counter", "stored", "recounted")
    show(table("Counters that are not what their rows say", columns, rows, figures=2))


def _show_sums(report: "Report") -> None:
    from funnelproof.cli.table import show, table

    rows = []
    for one in report.sums:
        gross = ", ".join(f"{amount} {currency}" for currency, amount in sorted(one.gross_minor.items()))
        where = f"{one.handle}/{one.campaign_id or '(no campaign)'}\n{one.world}"
        rows.append((where, *(str(one.counters[name]) for name in COLUMNS), gross))
    columns = ("campaign, world", *COLUMNS.values(), "minor\nunits")
    show(table("What the rows come to", columns, rows, figures=len(COLUMNS) + 1))


@contextmanager
def _progress(home: "Installation", *, quiet: bool) -> "Iterator[Progress | None]":
    """A bar on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from funnelproof.recount import compare

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Counting rows", total=compare.row_count(home.database))
        yield lambda scope, rows: bar.update(task, advance=rows, description="/".join(scope))
