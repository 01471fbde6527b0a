"""Which core runs what: the server alone on one, the load (and PostgreSQL) on another."""

import contextlib
import os
from collections.abc import Iterator


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
