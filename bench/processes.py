"""What processes cost: processor time and memory of a server and all its workers, and what others took of a core."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
IDLE = (3, 4)
STEAL = 7
NOTHING = 0.05


@dataclass(frozen=True)
class Moment:
    """Seconds of processor time used so far by a process tree, a database, one core in all, and stolen from that."""

    at: float
    by_pid: dict[int, float]
    database: dict[int, float]
    core_busy: float
    core_stolen: float


@dataclass(frozen=True)
class Spent:
    """Between two moments. Shares are of one core; `others` is what ran on the server's core and was not the server."""

    seconds: float
    processor: float
    database: float
    by_worker: list[float]
    others: float
    stolen: float

    @property
    def share(self) -> float:
        return self.processor / self.seconds


def moment(root: int, core: int, database: int | None = None) -> Moment:
    busy, stolen = _core(core)
    beside = _used_below(database) if database else {}
    return Moment(time.perf_counter(), _used_below(root), beside, busy, stolen)


def between(before: Moment, after: Moment, *, cores: int = 1) -> Spent:
    seconds = after.at - before.at
    used = _grown(before.by_pid, after.by_pid)
    processor = sum(used)
    return Spent(
        seconds=seconds,
        processor=processor,
        database=sum(_grown(before.database, after.database)),
        by_worker=[one for one in used if one > NOTHING * processor],
        others=max(0.0, after.core_busy - before.core_busy - processor) / seconds if cores == 1 else 0.0,
        stolen=(after.core_stolen - before.core_stolen) / seconds,
    )


def _grown(before: dict[int, float], after: dict[int, float]) -> list[float]:
    return [spent - before.get(pid, 0.0) for pid, spent in after.items()]


def _used_below(root: int) -> dict[int, float]:
    return {pid: _used(pid) for pid in tree(root)}


def tree(root: int) -> list[int]:
    """The process and all below it that are alive."""
    parents: dict[int, int] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return [pid for pid in found if pid in parents]


def workers(root: int) -> list[int]:
    """All but the root, which only watches."""
    return [pid for pid in tree(root) if pid != root]


def resident_mib(pid: int) -> float:
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _fields(pid: int) -> list[str]:
    """From the third field of `stat` on (proc(5)); none if the process has ended."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _used(pid: int) -> float:
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def _core(core: int) -> tuple[float, float]:
    """(busy, stolen by the machine below) seconds of one core; stolen time is busy time to whoever waits for it."""
    for line in (PROC / "stat").read_text().splitlines():
        name, *figures = line.split()
        if name == f"cpu{core}":
            ticks = [int(figure) for figure in figures[:8]]
            busy = sum(tick for at, tick in enumerate(ticks) if at not in IDLE)
            return busy / TICKS, ticks[STEAL] / TICKS
    return 0.0, 0.0
