"""What a probe of a destination found, and how long that speaks for it."""

from dataclasses import dataclass
from enum import StrEnum

from funnelproof.clock import DAY, MINUTE, Micros
from funnelproof.errors import Problem

EVERY: Micros = 15 * MINUTE
"""No destination is asked more often by itself."""
AGAIN_AFTER: Micros = MINUTE
"""Nor more often than this because somebody asks for it."""
SPEAKS_FOR: Micros = DAY


class ProbingOff(Problem):
    """This installation asks no destination: its operator has to set FUNNELPROOF_PROBING=1 first."""

    kind, code, title = "conflict", "probing_off", "Destinations are not probed here"


class Outcome(StrEnum):
    """KEEPS: it answers, and ctx and query arrive. CLOSED: it answers, but not to a machine (401, 403, 429)."""

    KEEPS = "KEEPS"
    LOSES_CTX = "LOSES_CTX"
    ENDS_ON_HTTP = "ENDS_ON_HTTP"
    CLOSED = "CLOSED"
    BROKEN = "BROKEN"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Finding:
    """`place` is where the last redirect led, without its query. `failures`: BROKEN so often in a row."""

    outcome: Outcome
    detail: str
    place: str
    status_code: int | None
    hops: int
    probed_at: Micros = 0
    failures: int = 0

    def speaks_at(self, now: Micros) -> bool:
        return now - self.probed_at <= SPEAKS_FOR
