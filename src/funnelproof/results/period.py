"""The stretch that `from` and `to` ask for: local days or times, in the handle's time zone."""

import re
from datetime import date

from funnelproof.clock import DAY, Micros, from_iso, local_day
from funnelproof.errors import invalid
from funnelproof.handles.handle import Handle, span_of_day

USUAL_DAYS = 30
MOST_DAYS = 800
LOCAL_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
A_DAY_OR_TIME = "must be a day (2026-11-23) or an ISO 8601 time with its offset."


def asked_days(
    owner: Handle, from_: str | None, to: str | None, now: Micros, *, most: int | None = MOST_DAYS
) -> tuple[str, str]:
    """First and last local day, both included; the last 30 days unless told. `most` bounds how many."""
    last = _day("query/to", to, owner) if to else local_day(now, owner.zone_at(now))
    first = _day("query/from", from_, owner) if from_ else _days_before(last, USUAL_DAYS)
    if first > last:
        raise invalid("query/from", f"{first} is after {last}.")
    span = (date.fromisoformat(last) - date.fromisoformat(first)).days
    if most is not None and span > most:
        raise invalid("query/from", f"spans {span} days; at most {most} are answered at once.")
    return first, last


def asked_moments(owner: Handle, from_: str | None, to: str | None, now: Micros) -> tuple[Micros, Micros]:
    """[since, until): a day as `to` ends with its local midnight, a time is meant exactly."""
    until = _moment("query/to", to, owner, 1) if to else now + 1
    since = _moment("query/from", from_, owner, 0) if from_ else until - USUAL_DAYS * DAY
    if since >= until:
        raise invalid("query/from", f"{from_} is not before {to or 'now'}.")
    return since, until


def _days_before(day: str, days: int) -> str:
    at = date.fromisoformat(day).toordinal() - days
    return date.fromordinal(max(at, 1)).isoformat()


def _day(field: str, text: str, owner: Handle) -> str:
    try:
        if LOCAL_DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
        at = from_iso(text.replace(" ", "+"))
        return local_day(at, owner.zone_at(at))
    except (ValueError, OverflowError):
        raise invalid(field, A_DAY_OR_TIME) from None


def _moment(field: str, text: str, owner: Handle, end: int) -> Micros:
    try:
        if LOCAL_DAY.fullmatch(text):
            return span_of_day(owner.zones, text)[end]
        return from_iso(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise invalid(field, A_DAY_OR_TIME) from None
