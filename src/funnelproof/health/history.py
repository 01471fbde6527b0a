"""Rows of `health_changes` and `check_changes`: every change of a light and of its checks, and what health was then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, and_, delete, func, insert, select

from funnelproof.campaigns.campaign import CampaignRef, LaunchPolicy
from funnelproof.clock import DAY, Micros, iso
from funnelproof.errors import NotFound
from funnelproof.health.check import SEVERITIES, Check, Freshness, FreshnessStatus, Health, Status, spend_ramp_of
from funnelproof.notifications.outbox import announce
from funnelproof.notifications.webhook import Event
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import check_changes, health_changes
from funnelproof.storage.schema.columns import json_text

KEPT_FOR: Micros = 90 * DAY
KEPT_CHANGES = 1000
MOST_EVIDENCE = 4000


class NotLookedAtThen(NotFound):
    """Nobody had looked at this campaign's health by then."""


@dataclass(frozen=True, slots=True)
class Before:
    """The light as it was stored; `checks` is None if it was stored before its checks were kept."""

    status: str
    config_digest: str
    checks: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class CheckChange:
    """`from_status` is None if the check was not there before, `to_status` if it does not apply any more."""

    check_id: str
    from_status: str | None
    to_status: str | None
    title: str | None
    evidence: Any


@dataclass(frozen=True, slots=True)
class HealthChange:
    """One moment in which the light, a check or the configuration's digest was seen to be another."""

    at: Micros
    from_status: str | None
    to_status: str
    score: int | None
    config_digest: str | None
    checks: tuple[CheckChange, ...] = ()


def note(tx: Transaction, ref: CampaignRef, health: Health, before: Before | None) -> None:
    """Keep what has changed, tell of a changed light, and let go of what is too old.

    Two changes of one moment cannot be told apart by time: the later one moves on by a microsecond.
    """
    is_turned = before is None or before.status != health.status.value
    moved = _moved(health, before)
    if not is_turned and not moved and before is not None and before.config_digest == health.config_digest:
        return
    key = {"handle": ref[0], "campaign_id": ref[1]}
    last = tx.execute(select(func.max(health_changes.c.at)).where(*_of(health_changes, ref))).scalar_one()
    at = health.checked_at if last is None else max(health.checked_at, last + 1)
    fact = {"from_status": before.status if before else None, "to_status": health.status.value}
    told = {"score": health.score, "config_digest": health.config_digest, "launch_policy": health.launch_policy.value}
    fresh = health.freshness
    freshness = [fresh.status.value, fresh.last_updated_at, fresh.sla_minutes]
    tx.execute(insert(health_changes).values(**key, at=at, **fact, **told, freshness=freshness))
    if moved:
        tx.execute(insert(check_changes).values([{**key, "at": at, **row} for row in moved]))
    if is_turned:
        change = {"campaignId": ref[1], "from": fact["from_status"], "to": fact["to_status"]}
        announce(tx, ref[0], Event.HEALTH_CHANGED, [change], at=at)
    forget(tx, ref, at)


def _moved(health: Health, before: Before | None) -> list[Row]:
    """Checks whose status is another than it was; what does not apply any more comes to nothing."""
    was = (before.checks if before else None) or {}
    rows: list[Row] = [
        {
            "check_id": check.id,
            "from_status": was.get(check.id),
            "to_status": check.status.value,
            "title": check.title,
            "remedy": check.remedy,
            "evidence": _summary(check.evidence),
        }
        for check in health.checks
        if was.get(check.id) != check.status.value
    ]
    gone = sorted(was.keys() - {check.id for check in health.checks})
    nothing = {"to_status": None, "title": None, "remedy": None, "evidence": None}
    return rows + [{"check_id": id_, "from_status": was[id_], **nothing} for id_ in gone]


def _summary(evidence: dict[str, Any]) -> dict[str, Any]:
    """All of it if it is short, else its plain counts and words."""
    if len(json_text(evidence)) <= MOST_EVIDENCE:
        return evidence
    plain = {name: value for name, value in evidence.items() if not isinstance(value, dict | list)}
    return {name: value[:200] if isinstance(value, str) else value for name, value in plain.items()}


def forget(tx: Transaction, ref: CampaignRef, now: Micros) -> None:
    """Older than 90 days, or beyond the thousandth change. The state at that border stays, so it can be told from."""
    of = health_changes.c
    own = select(of.at).where(*_of(health_changes, ref)).order_by(of.at.desc())
    thousandth = tx.execute(own.offset(KEPT_CHANGES - 1).limit(1)).scalar_one_or_none()
    border = max(now - KEPT_FOR, thousandth or 0)
    first = tx.execute(own.where(of.at <= border).limit(1)).scalar_one_or_none()
    if first is None:
        return
    gone = tx.execute(delete(health_changes).where(*_of(health_changes, ref), of.at < first)).rowcount
    for check_id, at in _newest(tx, ref, border) if gone else ():
        where = (check_changes.c.check_id == check_id, check_changes.c.at < at)
        tx.execute(delete(check_changes).where(*_of(check_changes, ref), *where))


def turns(tx: Transaction, ref: CampaignRef) -> list[tuple[Micros, str | None, str]]:
    """(moment, from, to) of a campaign's light, the oldest first; the first comes from nothing."""
    of = health_changes.c
    statement = select(of.at, of.from_status, of.to_status).where(*_of(health_changes, ref)).order_by(of.at)
    found = [(row.at, row.from_status, row.to_status) for row in tx.execute(statement)]
    return [own for own in found if own[1] != own[2]]


def page(tx: Transaction, ref: CampaignRef, *, before: Micros | None, limit: int) -> list[HealthChange]:
    """Newest first."""
    of = health_changes.c
    where = [*_of(health_changes, ref)] + ([of.at < before] if before is not None else [])
    rows = tx.all(select(health_changes).where(*where).order_by(of.at.desc()).limit(limit))
    checks = _checks_between(tx, ref, rows[-1]["at"], rows[0]["at"]) if rows else {}
    names = ("at", "from_status", "to_status", "score", "config_digest")
    return [
        HealthChange(**{name: row[name] for name in names}, checks=tuple(checks.get(row["at"], ()))) for row in rows
    ]


def _checks_between(tx: Transaction, ref: CampaignRef, first: Micros, last: Micros) -> dict[Micros, list[CheckChange]]:
    of = check_changes.c
    rows = tx.all(select(check_changes).where(*_of(check_changes, ref), of.at.between(first, last)))
    found: dict[Micros, list[CheckChange]] = {}
    for row in sorted(rows, key=lambda row: _place(row["check_id"])):
        change = CheckChange(**{name: row[name] for name in CheckChange.__slots__})
        found.setdefault(row["at"], []).append(change)
    return found


def at(tx: Transaction, ref: CampaignRef, moment: Micros) -> Health:
    """Health as it was last seen by then. Raises `NotLookedAtThen`."""
    of = health_changes.c
    known = (*_of(health_changes, ref), of.score.is_not(None))
    row = tx.one(select(health_changes).where(*known, of.at <= moment).order_by(of.at.desc()).limit(1))
    if row is None:
        oldest = tx.execute(select(func.min(of.at)).where(*known)).scalar_one()
        if oldest is None:
            raise NotLookedAtThen("Nobody has looked at this campaign's health yet, so there is no history of it.")
        raise NotLookedAtThen(f"The oldest state that is kept of this campaign's health is of {iso(oldest)}.")
    checks = _checks_at(tx, ref, row["at"])
    status, last_updated_at, sla_minutes = row["freshness"]
    return Health(
        campaign_id=ref[1],
        status=Status(row["to_status"]),
        score=row["score"],
        checked_at=row["at"],
        config_digest=row["config_digest"],
        spend_ramp=spend_ramp_of(checks, LaunchPolicy(row["launch_policy"])),
        freshness=Freshness(FreshnessStatus(status), last_updated_at, sla_minutes),
        checks=tuple(checks),
    )


def _checks_at(tx: Transaction, ref: CampaignRef, moment: Micros) -> list[Check]:
    newest = _newest_statement(ref, moment).subquery()
    same = and_(check_changes.c.check_id == newest.c.check_id, check_changes.c.at == newest.c.at)
    rows = tx.all(select(check_changes).select_from(check_changes.join(newest, same)).where(*_of(check_changes, ref)))
    return [
        Check(row["check_id"], Status(row["to_status"]), row["title"], row["evidence"], row["remedy"])
        for row in sorted(rows, key=lambda row: _place(row["check_id"]))
        if row["to_status"] is not None and row["check_id"] in SEVERITIES
    ]


def _newest_statement(ref: CampaignRef, moment: Micros) -> Any:
    of = check_changes.c
    where = (*_of(check_changes, ref), of.at <= moment)
    return select(of.check_id, func.max(of.at).label("at")).where(*where).group_by(of.check_id)


def _newest(tx: Transaction, ref: CampaignRef, moment: Micros) -> Sequence[tuple[str, Micros]]:
    return [(row.check_id, row.at) for row in tx.execute(_newest_statement(ref, moment))]


def _of(table: Table, ref: CampaignRef) -> tuple[Any, Any]:
    return table.c.handle == ref[0], table.c.campaign_id == ref[1]


def _place(check_id: str) -> int:
    """Where a check stands in the list; one that is no more comes last."""
    return list(SEVERITIES).index(check_id) if check_id in SEVERITIES else len(SEVERITIES)
