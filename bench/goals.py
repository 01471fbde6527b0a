"""What is aimed at, as ratios to the bare server in the same run or as limits; shown, never asserted."""

from dataclasses import dataclass

P99_TIMES_BARE = 8.0
WORKERS_COST = 1.15
RESIDENT_MIB = 160.0
BYTES = {"click": 350.0, "conversion": 600.0}
ENOUGH_EVENTS = 5_000
START_SECONDS = 2.0
STOP_SECONDS = 9.0
"""A worker that has not ended by then is killed by the server that started it."""
TEST_RUN_MS = 150.0

Goals = dict[tuple[str, int], tuple[float, ...]]

ON_SQLITE: Goals = {
    ("redirect", 256): (0.40, 0.50),
    ("redirect", 64): (0.35, 0.50),
    ("conversion", 256): (0.45, 0.60),
    ("conversion", 64): (0.45, 0.60),
}
FROM_MEMORY: Goals = {("page", 64): (0.50,), ("page with ctx", 64): (0.50,)}
ON_POSTGRESQL: Goals = {**dict.fromkeys(ON_SQLITE, (0.25,)), **FROM_MEMORY}


@dataclass(frozen=True)
class Goal:
    """A limit and whether the figure keeps it."""

    limit: float
    met: bool

    @property
    def mark(self) -> str:
        return "✓" if self.met else "✗"


def of_bare(engine: str, name: str, connections: int, ratio: float) -> list[Goal]:
    """The least that is asked, then what comes after it."""
    table = {**ON_SQLITE, **FROM_MEMORY} if engine == "sqlite" else ON_POSTGRESQL
    return [Goal(least, ratio >= least) for least in table.get((name, connections), ())]


def at_most(limit: float, figure: float) -> Goal:
    return Goal(limit, figure <= limit)
