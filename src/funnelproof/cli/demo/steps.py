"""Progress of the demo: one line a step, with a bar where a step has many parts."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

Advance = Callable[[], None]


class Steps:
    """On a terminal the bar of the present step moves; elsewhere each step is one line once it is done."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(quiet=quiet, highlight=False, markup=False)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._bars = Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)

    def __enter__(self) -> "Steps":
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._bars.stop()

    @contextmanager
    def step(self, name: str, parts: int = 1) -> Iterator[Advance]:
        """Call what this gives after each part; a step that fails leaves no line."""
        task = self._bars.add_task(name, total=parts)
        began = time.monotonic()
        try:
            yield lambda: self._bars.advance(task)
        except BaseException:
            self._bars.remove_task(task)
            raise
        self._bars.remove_task(task)
        self._console.print(f"✓ {name:<44} {time.monotonic() - began:6.1f} s")
