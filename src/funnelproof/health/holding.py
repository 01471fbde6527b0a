"""What rests on chance must hold: such a WARN or FAIL counts once it is seen again five minutes later."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from funnelproof.clock import MINUTE, Micros
from funnelproof.health.check import Check, Since, Status

HOLD: Micros = 5 * MINUTE
BY_CHANCE = ("clicks", "conversions", "anomaly", "bots", "split", "arrival")
BAD = (Status.WARN, Status.FAIL)


Waiting = Mapping[str, Since]


def turns(waiting: Waiting) -> list[Micros]:
    """When a light turns, if what waits is still so when it is looked at again."""
    return [at + HOLD for since in waiting.values() for at in since if at is not None]


def seen(checks: Sequence[Check], before: Waiting | None, now: Micros) -> Waiting:
    """What is bad by chance now, and since when; what is in order again begins anew. `before` None: nothing waits."""
    return {
        check.id: _since(check.status, (before or {}).get(check.id), now if before is not None else now - HOLD)
        for check in checks
        if check.id in BY_CHANCE and check.status in BAD
    }


def _since(status: Status, before: Since | None, now: Micros) -> Since:
    bad = before.bad if before else now
    if status is not Status.FAIL:
        return Since(bad, None)
    failed = before.failed if before else None
    return Since(bad, now if failed is None else failed)


def counted(checks: Sequence[Check], waiting: Waiting, now: Micros) -> list[Check]:
    """The checks as they count in light and score: what has not held yet counts as what it was before it."""
    return [replace(check, status=_counted(check.status, waiting.get(check.id), now)) for check in checks]


def _counted(status: Status, since: Since | None, now: Micros) -> Status:
    if since is None:
        return status
    if status is Status.FAIL and since.failed is not None and now - since.failed >= HOLD:
        return Status.FAIL
    return Status.WARN if now - since.bad >= HOLD else Status.PASS


def counts_from(check: Check, waiting: Waiting, now: Micros) -> Micros | None:
    """When a check that has not held yet will count, if it stays as it is; None if it counts already."""
    since = waiting.get(check.id)
    if since is None or _counted(check.status, since, now) is check.status:
        return None
    return (since.failed if check.status is Status.FAIL and since.failed is not None else since.bad) + HOLD


def as_json(waiting: Waiting) -> dict[str, list[Any]]:
    return {id_: list(since) for id_, since in waiting.items()}


def from_json(told: Mapping[str, Sequence[Any]] | None) -> Waiting | None:
    return None if told is None else {id_: Since(*since) for id_, since in told.items()}
