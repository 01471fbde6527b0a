"""Tables for a terminal: no wider than 80 columns, figures to the right."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 80


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, figures: int = 0) -> Table:
    """The last `figures` columns hold numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for at, name in enumerate(columns):
        is_figure = at >= len(columns) - figures
        made.add_column(name, justify="right" if is_figure else "left", overflow="fold", no_wrap=is_figure)
    for row in rows:
        made.add_row(*row)
    return made


def show(*tables: Table) -> None:
    """Pipes get the same text as terminals, without colour."""
    console = Console(highlight=False, markup=False)
    console.width = min(console.width, WIDTH)
    for one in tables:
        console.print(one)
