"""`python -m bench.soak`: kills under load for minutes; exit status 1 if anything is lost, doubled or grows."""

import asyncio
import json
import secrets
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bench.soak import memory
from bench.soak.buyers import Acknowledged
from bench.soak.ledger import balance
from bench.soak.place import Place, a_place
from bench.soak.recovery import recover
from bench.soak.report import Report
from bench.soak.run import Plan, soak
from bench.soak.run import Progress as Told
from bench.soak.server import Server
from funnelproof.storage.database import Database


class Engine(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def run(
    minutes: Annotated[float, typer.Option(min=0.05, help="Of load; restarts come on top.")] = 10,
    kills: Annotated[int, typer.Option(min=0, help="In the first half; the second is one long life.")] = 20,
    engine: Annotated[Engine, typer.Option(help="Where it is stored.")] = Engine.SQLITE,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processes of the server.")] = 1,
    connections: Annotated[int, typer.Option(min=1, help="Who buy at the same time.")] = 16,
    pause: Annotated[float, typer.Option(min=0, help="Seconds between one buyer's orders.")] = 0.0,
    waiting: Annotated[int, typer.Option(help="Claims that may wait; 16 with --connections 256 is overload.")] = 4096,
    seed: Annotated[int | None, typer.Option(help="Chooses the moments; printed, to run it again.")] = None,
    wal: Annotated[
        bool, typer.Option("--wal", help="Instead: time the first answer after a log of --wal-mib.")
    ] = False,
    wal_mib: Annotated[int, typer.Option(min=1, help="Size of that log.")] = 1024,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the data behind, and say where.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One object on stdout.")] = False,
) -> None:
    """Buy without pause, kill the server at random moments, then look for everything that was acknowledged."""
    if wal and engine is not Engine.SQLITE:
        raise typer.BadParameter("--wal measures SQLite's log; leave --engine out")
    plan = Plan(minutes * 60, kills, connections, pause, secrets.randbelow(10**6) if seed is None else seed)
    console = Console(stderr=True)
    with a_place(engine, waiting=waiting, keep=keep) as place:
        server = Server(place, workers)
        report = _measured(place, server, plan, console, wal_mib if wal else 0)
        if keep:
            console.print(f"The data are in {place.data}")
    if as_json:
        typer.echo(json.dumps(report.as_object()))
    else:
        report.show(Console())
    sys.exit(bool(report.faults))


def _measured(place: Place, server: Server, plan: Plan, console: Console, log_mib: int) -> Report:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("Starting", total=log_mib or plan.seconds)

        def progress(what: str, done: float) -> None:
            bar.update(task, description=what, advance=done)

        seen, found_mib = asyncio.run(_load(place, server, plan, log_mib=log_mib, progress=progress))
        bar.update(task, description="Looking for what was acknowledged", total=None)
        database = Database(place.engines())
        try:
            found = balance(database, seen)
        finally:
            database.close()
    engine = "PostgreSQL" if place.address else "SQLite"
    return Report(engine, plan.seed, seen, found, memory.judge(server.lives), server.lives, found_mib)


async def _load(place: Place, server: Server, plan: Plan, *, log_mib: int, progress: Told) -> tuple[Acknowledged, int]:
    """(what was acknowledged, MiB of the log that the last start met)."""
    if log_mib:
        return await recover(place, server, plan, log_mib, progress)
    return await soak(place, server, plan, progress), 0


if __name__ == "__main__":
    typer.run(run)
