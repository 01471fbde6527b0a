"""How long the first answer takes after a kill that left a large log behind (SQLite).

The log grows because a reader of an old moment keeps it from being begun anew, as a stuck backup would.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

from bench.soak.buyers import Acknowledged
from bench.soak.run import Plan, Progress, crowd_of, furnish
from bench.soak.server import Server
from bench.stand import Stand
from funnelproof.storage.sqlite import FILE

MIB = 1 << 20
GOAL_SECONDS = 10.0
READER = """
import sqlite3, sys, time
reader = sqlite3.connect(sys.argv[1], isolation_level=None)
reader.execute("begin")
print(reader.execute("select count(*) from sqlite_master").fetchone(), flush=True)
time.sleep(86400)
"""


async def recover(stand: Stand, server: Server, plan: Plan, mib: int, progress: Progress) -> tuple[Acknowledged, int]:
    """Fill the log, kill, start again: (what was acknowledged, MiB). The server's last life tells how long it took."""
    seen, found = Acknowledged(), 0
    await asyncio.to_thread(server.start)
    try:
        await furnish(stand, server.url)
        reader = await asyncio.to_thread(_reader, stand)
        try:
            await _fill(stand, server, plan, seen, mib, progress)
            await asyncio.to_thread(server.kill_all)
            found = log_size(stand) // MIB
        finally:
            # A reader that ended in good order would carry the log over, which is what is to be measured.
            reader.kill()
            reader.communicate()
        await asyncio.to_thread(server.start)
    finally:
        await asyncio.to_thread(server.stop)
    return seen, found


async def _fill(stand: Stand, server: Server, plan: Plan, seen: Acknowledged, mib: int, progress: Progress) -> None:
    crowd = crowd_of(server, plan, seen)
    buying = asyncio.create_task(crowd.buy())
    size = before = 0
    while size < mib * MIB:
        await asyncio.sleep(0.25)
        before, size = size, log_size(stand)
        progress(f"The log grows to {mib} MiB", (size - before) / MIB)
    crowd.stop.set()
    await buying


def log_size(stand: Stand) -> int:
    log = Path(stand.data / f"{FILE}-wal")
    return log.stat().st_size if log.exists() else 0


def _reader(stand: Stand) -> "subprocess.Popen[bytes]":
    reader = subprocess.Popen([sys.executable, "-c", READER, str(stand.data / FILE)], stdout=subprocess.PIPE)
    assert reader.stdout is not None  # noqa: S101 - it was asked for
    reader.stdout.readline()
    return reader
