"""Time as integer microseconds since 1970 UTC, and the clock that everything is handed."""

import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

Micros = int

SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR


class Clock(Protocol):
    def now(self) -> Micros: ...


class SystemClock:
    """The machine's clock, which never steps back within a process: max(last, now)."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def now(self) -> Micros:
        with self._lock:
            self._last = max(self._last, time.time_ns() // 1000)
            return self._last


class SetClock:
    """A clock that stands where it was put: for tests and for the clock of a run."""

    def __init__(self, at: Micros) -> None:
        self.at = at

    def now(self) -> Micros:
        return self.at

    def advance(self, micros: Micros) -> None:
        self.at += micros


def iso(at: Micros) -> str:
    """ISO 8601 UTC with Z, and as many decimals as the time has: none, three or six."""
    seconds, micros = divmod(at, SECOND)
    whole = _iso_second(seconds)
    if micros == 0:
        return f"{whole}Z"
    return f"{whole}.{micros // 1000:03d}Z" if micros % 1000 == 0 else f"{whole}.{micros:06d}Z"


@lru_cache(maxsize=1024)
def _iso_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def to_datetime(at: Micros) -> datetime:
    """With its zone, UTC."""
    return datetime.fromtimestamp(at / SECOND, UTC)


def iso_or_none(at: Micros | None) -> str | None:
    return None if at is None else iso(at)


def from_iso(text: str) -> Micros:
    """Microseconds of an ISO 8601 time that names its offset. Raises ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset: end it with Z")
    moment = moment.astimezone(UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * SECOND + moment.microsecond


def local_day(at: Micros, zone: str) -> str:
    """The calendar day of a moment in an IANA time zone, `2026-11-23`."""
    return datetime.fromtimestamp(at / SECOND, ZoneInfo(zone)).date().isoformat()


def month_of(at: Micros) -> str:
    """The calendar month of a moment in UTC, `2026-11`."""
    return iso(at)[:7]


def month_begin(month: str) -> Micros:
    """The first moment of a month. Raises ValueError if it is none."""
    return from_iso(f"{month}-01T00:00:00Z")


def next_month(month: str) -> str:
    return month_of(month_begin(month) + 31 * DAY)


def span(micros: Micros) -> str:
    """A stretch of time in words, two units at the most: `3 h 12 min`."""
    seconds = abs(micros) // SECOND
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
    return " ".join(parts[:2]) or "less than a second"
