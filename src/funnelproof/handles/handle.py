"""What a handle is: a tenant's public name, with its time zone, currency and privacy defaults."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from funnelproof.access.caller import HandleNotFound
from funnelproof.clock import SECOND, Micros
from funnelproof.errors import Problem, invalid

__all__ = ["Handle", "HandleNotFound", "HandleTaken"]

FORM = re.compile(r"[a-z0-9][a-z0-9-]{1,30}[a-z0-9]")
FIRST_TIER = "STANDARD"
RETENTION_DAYS = 396
SHORTEST_RETENTION_DAYS, LONGEST_RETENTION_DAYS = 30, 3660

OWN_SEGMENTS = """
_fp .well-known app docs favicon.ico health healthz metrics openapi.json robots.txt static v1 v2 v3
"""
NAMES_THAT_SPEAK_FOR_US = """
account accounts admin administrator api assets auth billing blog cdn dashboard dev ftp funnelproof help imap internal
links localhost login logout mail me mx new ns1 ns2 null oauth operator pop postmaster public root security signin
signup smtp ssl status support system test undefined user users webhooks webmail www
"""
RESERVED = frozenset(OWN_SEGMENTS.split() + NAMES_THAT_SPEAK_FOR_US.split())
"""The first segment of each of our own addresses, and what nobody should be as a path or a host of ours."""


class ConsentDefault(StrEnum):
    """What we assume of a visitor who said nothing: a cookie, a daily-salted hash, or nothing at all."""

    FULL = "full"
    BASIC = "basic"
    DENIED = "denied"


class HandleTaken(Problem):
    """A handle of this name exists already. Choose another name."""

    kind, code, title = "conflict", "handle_taken", "The handle is taken"


@dataclass(frozen=True, slots=True)
class ZoneFrom:
    """A time zone, and the moment from which days are counted in it."""

    from_at: Micros
    time_zone: str


@dataclass(frozen=True, slots=True)
class Handle:
    """`time_zone` is the one last set; which one holds at a moment, `zone_at` tells."""

    handle: str
    name: str
    time_zone: str
    currency: str
    quota_tier: str
    consent_default: ConsentDefault
    retention_days: int
    created_at: Micros
    version: int
    zones: tuple[ZoneFrom, ...]

    def zone_at(self, at: Micros) -> str:
        return zone_at(self.zones, at)

    @property
    def newest_zone(self) -> ZoneFrom:
        return self.zones[-1]


def zone_at(zones: tuple[ZoneFrom, ...], at: Micros) -> str:
    """The zone that holds at a moment; zones are in the order of their times."""
    return next((zone.time_zone for zone in reversed(zones) if zone.from_at <= at), zones[0].time_zone)


def span_of_day(zones: tuple[ZoneFrom, ...], day: str) -> tuple[Micros, Micros]:
    """A local day's first moment and the first after it. A day on which the zone changed is longer or shorter."""
    spans: list[tuple[Micros, Micros]] = []
    for at, zone in enumerate(zones):
        begin = _midnight(date.fromisoformat(day), zone.time_zone)
        end = _midnight(date.fromisoformat(day) + timedelta(days=1), zone.time_zone)
        begin = max(begin, zone.from_at) if at else begin
        end = min(end, zones[at + 1].from_at) if at + 1 < len(zones) else end
        spans += [(begin, end)] if begin < end else []
    return min(begin for begin, _ in spans), max(end for _, end in spans)


def after_change(zones: tuple[ZoneFrom, ...], time_zone: str, now: Micros) -> tuple[ZoneFrom, ...]:
    """The zones after a change asked now: it holds from the next midnight, and replaces one that still waits."""
    begun = tuple(zone for zone in zones if zone.from_at <= now) or zones[:1]
    if begun[-1].time_zone == time_zone:
        return begun
    return (*begun, ZoneFrom(next_midnight(now, begun[-1].time_zone), time_zone))


def next_midnight(at: Micros, time_zone: str) -> Micros:
    """The next moment at which a new day begins in a zone."""
    tomorrow = datetime.fromtimestamp(at // SECOND, ZoneInfo(time_zone)).date() + timedelta(days=1)
    return _midnight(tomorrow, time_zone)


def _midnight(day: date, time_zone: str) -> Micros:
    return int(datetime.combine(day, time(), ZoneInfo(time_zone)).timestamp()) * SECOND


def check_handle(handle: str) -> str:
    if FORM.fullmatch(handle) is None or "--" in handle:
        raise invalid(
            "handle",
            "must have 3 to 32 characters of a-z, 0-9 and single hyphens, and neither begin nor end with a hyphen.",
        )
    if handle in RESERVED:
        raise invalid("handle", f"{handle!r} is reserved; choose another name.", code="reserved")
    return handle


def check_time_zone(time_zone: str) -> str:
    if time_zone not in _zones():
        raise invalid(
            "timeZone", f"{time_zone[:40]!r} is not an IANA time zone; send for example Europe/Berlin or UTC."
        )
    return time_zone


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "posixrules", "Factory"}
