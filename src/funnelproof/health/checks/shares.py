"""The rule for every check that looks at a share of bad events."""

from dataclasses import dataclass

from funnelproof.health.check import Status

EVENTS_NEEDED = 20
BAD_NEEDED_TO_FAIL = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares of bad events in thousandths; more than that warns, or fails. None: no share of this fails."""

    warn_per_mille: int
    fail_per_mille: int | None = None


def judge(bad: int, n: int, limits: Limits) -> Status:
    """UNKNOWN without events, PASS if nothing is bad; below 20 events anything bad warns, from 20 the limits hold."""
    if n <= 0:
        return Status.UNKNOWN
    if bad <= 0:
        return Status.PASS
    if n < EVENTS_NEEDED:
        return Status.WARN
    fails = limits.fail_per_mille is not None and bad * 1000 > n * limits.fail_per_mille
    if fails and bad >= BAD_NEEDED_TO_FAIL:
        return Status.FAIL
    return Status.WARN if fails or bad * 1000 > n * limits.warn_per_mille else Status.PASS


def worst(statuses: list[Status]) -> Status:
    """Of several parts that are judged alone: one without events does not hide the others."""
    for status in (Status.FAIL, Status.WARN, Status.PASS):
        if status in statuses:
            return status
    return Status.UNKNOWN
