"""`funnelproof archive`: clicks, conversions and reversals of old months as Parquet files."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funnelproof.cli.home import DataOption, JsonOption, opened_existing
from funnelproof.cli.refusal import Refused

if TYPE_CHECKING:
    from funnelproof.archive.months import Month
    from funnelproof.clock import Micros
    from funnelproof.installation import Installation


def archive(
    handle: Annotated[str, typer.Option(help="Whose rows.")],
    before: Annotated[str, typer.Option(help="Months before this one, YYYY-MM; at the most the present month.")],
    out: Annotated[Path, typer.Option(help="Folder for the files; what its manifest lists is not written again.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write live rows of old months to Parquet, a file for each month and kind, while the server goes on."""
    if find_spec("pyarrow") is None:
        raise Refused("parquet_missing", "Parquet files need pyarrow. Install it: pip install 'funnelproof[parquet]'")
    with opened_existing(data) as home:
        _check_month(before, home.clock.now())
        written = _write(home, handle, before, out, quiet=as_json)
    if as_json:
        typer.echo(json.dumps({"handle": handle, "folder": str(out), "written": written}))
    else:
        _say(written, out)


def _check_month(month: str, now: "Micros") -> None:
    from funnelproof.clock import month_begin, month_of

    try:
        known = month_of(month_begin(month)) == month
    except ValueError:
        known = False
    if not known:
        raise Refused("invalid_month", f"--before takes a month like {month_of(now)}, not {month!r}.")
    if month > month_of(now):
        raise Refused("month_not_over", f"--before can be {month_of(now)} at the latest: later months are not over.")


def _write(home: "Installation", handle: str, before: str, out: Path, *, quiet: bool) -> list[dict[str, Any]]:
    from funnelproof.archive.write import MANIFEST, Archive
    from funnelproof.handles import settle

    home.database.read_now(lambda tx: settle.existing(tx, handle))
    target = Archive(out, handle)
    if target.owner != handle:
        raise Refused("other_handle", f"{out / MANIFEST} is the archive of {target.owner}. Choose another folder.")
    months = target.missing(home.database, before)
    with _progress(months, quiet=quiet) as shown:
        return [target.write(home.database, one, now=home.clock.now(), written=shown(one)) for one in months]


def _say(written: Sequence[dict[str, Any]], out: Path) -> None:
    from funnelproof.cli.table import show, table

    if not written:
        typer.echo(f"Nothing to write: {out} has every month that has rows.")
        return
    rows = [(one["file"], str(one["rows"]), str(one["bytes"])) for one in written]
    show(table(f"Written to {out}", ("file", "rows", "bytes"), rows, figures=2))


@contextmanager
def _progress(months: "Sequence[Month]", *, quiet: bool) -> "Iterator[Callable[[Month], Callable[[int], None]]]":
    """A bar on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _month: lambda _rows: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Writing rows", total=sum(month.rows for month in months))
        yield lambda month: lambda rows: bar.update(task, advance=rows, description=month.file)
