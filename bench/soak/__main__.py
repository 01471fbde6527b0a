"""`python -m bench.soak`: kills under load for minutes; exit status 1 if anything is lost, doubled or grows."""

import argparse
import asyncio
import json
import secrets
import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bench.soak import memory
from bench.soak.buyers import Acknowledged
from bench.soak.ledger import balance
from bench.soak.recovery import recover
from bench.soak.report import Report
from bench.soak.run import Plan, soak
from bench.soak.run import Progress as Told
from bench.soak.server import Server
from bench.stand import Stand, stand
from funnelproof.settings import MAX_LANE_WAITING, variable
from funnelproof.storage.database import Database


def main(argv: list[str]) -> int:
    given = read(argv)
    plan = Plan(given.minutes * 60, given.kills, given.connections, given.pause, given.seed)
    console = Console(stderr=True)
    with stand(given.engine) as here:
        here.settings[variable("ingest_waiting")] = str(given.waiting)
        server = Server(here, given.workers)
        report = measured(here, server, plan, console, given.wal_mib if given.wal else 0)
        if given.keep:
            shutil.copytree(here.data, given.keep, dirs_exist_ok=True)
    if given.json:
        sys.stdout.write(json.dumps(report.as_object()) + "\n")
    else:
        report.show(Console())
    return int(bool(report.faults))


def read(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev soak", description="Buy, kill, and look for what was acknowledged.")
    parser.add_argument("--minutes", type=float, default=10, help="of load; restarts come on top")
    parser.add_argument("--kills", type=int, default=20, help="in the first half; the second is one long life")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--workers", type=int, default=1, help="processes of the server")
    parser.add_argument("--connections", type=int, default=16, help="who buy at the same time")
    parser.add_argument("--pause", type=float, default=0, help="seconds between one buyer's orders")
    parser.add_argument("--waiting", type=int, default=MAX_LANE_WAITING, help="16 with --connections 256 is overload")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="chooses the moments")
    parser.add_argument("--wal", action="store_true", help="instead: time the first answer after a log of --wal-mib")
    parser.add_argument("--wal-mib", type=int, default=1024, help="size of that log (SQLite)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the data folder there at the end")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    given = parser.parse_args(argv)
    if given.wal and given.engine != "sqlite":
        parser.error("--wal measures SQLite's log; leave --engine out")
    return given


def measured(here: Stand, server: Server, plan: Plan, console: Console, log_mib: int) -> Report:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("Starting", total=log_mib or plan.seconds)

        def progress(what: str, done: float) -> None:
            bar.update(task, description=what, advance=done)

        seen, found_mib = asyncio.run(_load(here, server, plan, log_mib=log_mib, progress=progress))
        bar.update(task, description="Looking for what was acknowledged", total=None)
        database = Database(here.engines())
        try:
            found = balance(database, seen)
        finally:
            database.close()
    return Report(here.engine, plan.seed, seen, found, memory.judge(server.lives), server.lives, found_mib)


async def _load(here: Stand, server: Server, plan: Plan, *, log_mib: int, progress: Told) -> tuple[Acknowledged, int]:
    """(what was acknowledged, MiB of the log that the last start met)."""
    if log_mib:
        return await recover(here, server, plan, log_mib, progress)
    return await soak(here, server, plan, progress), 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
