"""The command line of the speed bench, its progress and where its figures go."""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import cores, report, speed
from bench.cases import CONTEXTS
from bench.page import write_into_docs

ENGINES = {"sqlite": ["sqlite"], "postgresql": ["postgresql"], "both": ["sqlite", "postgresql"]}
SECONDS, QUICK_SECONDS = 4.0, 0.15
QUICK_CONTEXTS = 100


def main(argv: list[str]) -> int:
    given = read(argv)
    plan = speed.Plan(
        engines=ENGINES[given.engine],
        workers=[given.workers] if given.workers else ([1] if given.quick else [1, 2]),
        seconds=QUICK_SECONDS if given.quick else given.seconds,
        only=set(filter(None, given.only.split(","))),
        contexts=QUICK_CONTEXTS if given.quick else CONTEXTS,
        folder=given.folder,
    )
    done: list[speed.Session] = []
    console = Console(highlight=False, markup=False)
    with cores.ahead() if given.ahead else nullcontext(), shown_progress() as progress:
        for session in speed.sessions(plan, progress):
            done.append(session)
            report.show(session, done, console)
    figures = report.as_object(plan, done)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n")
    if given.write_docs:
        write_into_docs(report.as_text(done))
    return 0


def read(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds in all: shows that it runs, no more")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each case on each server")
    parser.add_argument("--only", default="", help="cases, with commas: redirect,conversion,duplicate,…")
    parser.add_argument("--engine", choices=list(ENGINES), default="both")
    parser.add_argument("--workers", type=int, choices=[1, 2], help="only so many (default: first 1, then 2)")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured (default: the temporary folder)")
    parser.add_argument("--ahead", action="store_true", help="before whatever else runs on this machine (needs root)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--scale", action="store_true", help="flat reads instead: see --scale --help")
    parser.add_argument("--company", action="store_true", help="redirects beside reads and test runs, instead")
    parser.add_argument("--neighbours", action="store_true", help="one handle overloaded, another watched, instead")
    return parser.parse_args(argv)


@contextmanager
def shown_progress() -> Iterator[Callable[[str], None]]:
    """What is being measured, on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what: bar.update(task, description=what)
