"""A bar that shows how far long work has come: on a terminal, nothing elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[str, int], None]
Start = Callable[[str, Callable[[], int]], Advance]
"""A title and what counts the whole, which is asked only if somebody looks."""


@contextmanager
def bar(*, quiet: bool) -> Iterator[Start]:
    if quiet or not sys.stderr.isatty():
        yield lambda _title, _total: _nobody_looks
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:

        def start(title: str, total: Callable[[], int]) -> Advance:
            task = shown.add_task(title, total=total())
            return lambda what, rows: shown.update(task, advance=rows, description=f"{title} {what}")

        yield start


def _nobody_looks(_what: str, _rows: int) -> None: ...
