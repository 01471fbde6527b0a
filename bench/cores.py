"""Which core runs what: the server alone on one, the load (and PostgreSQL) on another; what runs ahead of others."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

AHEAD = -15


def cores() -> list[int]:
    """Of this process, as it was started."""
    return sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def on(chosen: set[int]) -> Iterator[None]:
    """This thread, and what it starts meanwhile (children inherit it), on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pair() -> tuple[int, int]:
    """(core of the server, core of the load); the same one twice where there is only one."""
    found = cores()
    return found[0], found[-1]


@contextlib.contextmanager
def ahead() -> Iterator[None]:
    """This process and what it starts come before whatever else runs on the machine; root may ask for that."""
    os.nice(AHEAD)
    _let_session(os.getpid(), AHEAD)
    try:
        yield
    finally:
        _let_session(os.getpid(), 0)


def keep_pace(pid: int) -> None:
    """A child with a session of its own: the scheduler weighs sessions first (sched(7), autogroup)."""
    if os.getpriority(os.PRIO_PROCESS, 0) < 0:
        _let_session(pid, AHEAD)


def _let_session(pid: int, nice: int) -> None:
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(nice))
