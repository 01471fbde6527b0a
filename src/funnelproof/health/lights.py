"""Rows of `health_lights`: each campaign's light as it was last seen, and what must still hold to change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, ScalarSelect, Select, and_, bindparam, cast, func, or_, select, update

from funnelproof.campaigns.campaign import CampaignRef, CampaignStatus
from funnelproof.clock import HOUR, MINUTE, Micros
from funnelproof.health.check import Health, Status
from funnelproof.health.history import Before, note
from funnelproof.health.holding import Waiting, as_json, from_json, turns
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import (
    campaign_history,
    campaigns,
    health_changes,
    health_lights,
    links,
    pages,
    quarter_tallies,
    runs,
    sample_ratio_alarms,
)
from funnelproof.storage.statements import insert_new
from funnelproof.tallies.move import QUARTER
from funnelproof.worlds.world import LIVE

TIME_TELLS_AFTER: Micros = 10 * MINUTE
TIME_TELLS_LATER: Micros = HOUR
"""Silence and the age of receipts change a light without any event; less so where nothing runs."""
FAIL = Status.FAIL.value
ON_ITS_WAY = (CampaignStatus.ACTIVE, CampaignStatus.PAUSED)


@dataclass(frozen=True, slots=True)
class Light:
    status: Status
    score: int
    config_digest: str
    checked_at: Micros
    moved: int
    checks: Mapping[str, str] | None = None
    waiting: Waiting | None = None

    def turns_by(self, now: Micros) -> bool:
        """Whether something that rests on chance has had its five minutes since the light was looked at."""
        return any(self.checked_at < at <= now for at in turns(self.waiting or {}))


@dataclass(frozen=True, slots=True)
class Seen:
    """A campaign's stored light beside what tells whether it still holds.

    `changed_at`: when campaign, primary link, page or receipts last changed, or an alarm about the split was closed.
    `moved`: what its counters of the last two quarter hours come to, whatever they count; another sum than the light's
    says that something has come.
    """

    ref: CampaignRef
    status: CampaignStatus
    changed_at: Micros
    moved: int
    light: Light | None

    @property
    def is_of_another_configuration(self) -> bool:
        return self.light is None or self.changed_at >= self.light.checked_at

    def is_due(self, now: Micros) -> bool:
        if self.light is None or self.is_of_another_configuration or self.light.moved != self.moved:
            return True
        if self.light.turns_by(now):
            return True
        patience = TIME_TELLS_AFTER if self.status in ON_ITS_WAY else TIME_TELLS_LATER
        return now - self.light.checked_at >= patience


def of_page(tx: Transaction, handle: str, ids: Sequence[str], now: Micros) -> dict[str, Seen]:
    """By campaign id."""
    rows = tx.execute(OF_PAGE, {"handle": handle, "ids": list(ids), "since": _since(now)})
    return {seen.ref[1]: seen for seen in map(_seen, rows)}


def after(tx: Transaction, last: CampaignRef, now: Micros, limit: int) -> list[Seen]:
    """Campaigns of all handles in the order of their keys."""
    bound = {"handle": last[0], "campaign_id": last[1], "limit": limit, "since": _since(now)}
    return [_seen(row) for row in tx.execute(AFTER, bound)]


def keep(tx: Transaction, handle: str, health: Health, moved: int) -> None:
    """Store what was seen, unless somebody has looked later and stored it first; what has changed is kept."""
    ref = (handle, health.campaign_id)
    at = {"handle": handle, "campaign_id": health.campaign_id}
    told: dict[str, Any] = {"status": health.status.value, "score": health.score, "config_digest": health.config_digest}
    told |= {"checked_at": health.checked_at, "moved": moved, "checks": health.statuses}
    told |= {"waiting": as_json(health.waiting)}
    before = None
    if not insert_new(tx, health_lights, [{**at, **told}], returning=["campaign_id"]):
        where = tuple(health_lights.c[name] == value for name, value in at.items())
        columns = [health_lights.c[name] for name in ("status", "config_digest", "checks", "checked_at")]
        stored = tx.execute(select(*columns).where(*where).with_for_update()).one()
        if stored.checked_at > health.checked_at:
            return
        before = Before(stored.status, stored.config_digest, stored.checks)
        tx.execute(update(health_lights).where(*where).values(**told))
    note(tx, ref, health, before)


def to_brake(tx: Transaction, *, limit: int) -> list[CampaignRef]:
    """Running campaigns of all handles that want to be paused on FAIL, and whose light turned to it as they ran."""
    of, light, turn, moved = campaigns.c, health_lights.c, health_changes.c, campaign_history.c
    to_fail = and_(turn.to_status == FAIL, func.coalesce(turn.from_status, "") != FAIL)
    turned = select(func.max(turn.at)).where(turn.handle == of.handle, turn.campaign_id == of.campaign_id, to_fail)
    started = select(func.max(moved.at)).where(
        moved.handle == of.handle, moved.campaign_id == of.campaign_id, moved.to_status == CampaignStatus.ACTIVE.value
    )
    statement = (
        select(of.handle, of.campaign_id)
        .join(health_lights, and_(light.handle == of.handle, light.campaign_id == of.campaign_id))
        .where(of.pause_on_fail == 1, of.status == CampaignStatus.ACTIVE.value, of.deleted_at.is_(None))
        .where(light.status == FAIL, _of_campaign(turned) > func.coalesce(_of_campaign(started), 0))
        .order_by(of.handle, of.campaign_id)
        .limit(limit)
    )
    return [(row.handle, row.campaign_id) for row in tx.execute(statement)]


WAITING = select(health_lights.c.campaign_id, health_lights.c.waiting).where(
    health_lights.c.handle == bindparam("handle"), health_lights.c.campaign_id.in_(bindparam("ids", expanding=True))
)


def waiting_of(tx: Transaction, handle: str, ids: Sequence[str]) -> dict[str, Waiting | None]:
    """What must still hold, by campaign; a campaign without a light has nothing yet."""
    rows = tx.execute(WAITING, {"handle": handle, "ids": list(ids)})
    known = {row.campaign_id: from_json(row.waiting) for row in rows}
    return {campaign_id: known.get(campaign_id, {}) for campaign_id in ids}


def _since(now: Micros) -> int:
    return now // QUARTER - 1


def _of_campaign(statement: Select[Any]) -> ScalarSelect[Any]:
    return statement.correlate(campaigns).scalar_subquery()


def _statement() -> Select[Any]:
    light, of = health_lights.c, campaigns.c
    finished = (
        select(runs.c.finished_at)
        .where(runs.c.handle == of.handle, runs.c.campaign_id == of.campaign_id, runs.c.finished_at.is_not(None))
        .order_by(runs.c.run_id.desc())
        .limit(1)
    )
    own_link = select(links.c.updated_at).where(links.c.handle == of.handle, links.c.slug == of.primary_slug)
    closed = select(func.max(sample_ratio_alarms.c.closed_at)).where(
        sample_ratio_alarms.c.handle == of.handle, sample_ratio_alarms.c.campaign_id == of.campaign_id
    )
    own_page = select(pages.c.updated_at).where(pages.c.handle == of.handle, pages.c.campaign_id == of.campaign_id)
    moved = select(cast(func.coalesce(func.sum(quarter_tallies.c.amount), 0), light.moved.type)).where(
        quarter_tallies.c.handle == of.handle,
        quarter_tallies.c.world == LIVE,
        quarter_tallies.c.campaign_id == of.campaign_id,
        quarter_tallies.c.quarter >= bindparam("since"),
    )
    known = and_(light.handle == of.handle, light.campaign_id == of.campaign_id)
    own = (_of_campaign(own_link), _of_campaign(finished), _of_campaign(own_page), _of_campaign(closed))
    counters = (*own, _of_campaign(moved))
    columns = (of.handle, of.campaign_id, of.status, of.updated_at, *counters)
    told = ("status", "score", "config_digest", "checked_at", "moved", "checks", "waiting")
    stored = [light[name] for name in told]
    return (
        select(*columns, *(column.label(f"light_{column.name}") for column in stored))
        .select_from(campaigns.outerjoin(health_lights, known))
        .where(of.deleted_at.is_(None))
    )


SEEN = _statement()
_KEY = (campaigns.c.handle, campaigns.c.campaign_id)
OF_PAGE = SEEN.where(_KEY[0] == bindparam("handle"), _KEY[1].in_(bindparam("ids", expanding=True)))
_BEYOND = or_(_KEY[0] > bindparam("handle"), and_(_KEY[0] == bindparam("handle"), _KEY[1] > bindparam("campaign_id")))
AFTER = SEEN.where(_BEYOND).order_by(*_KEY).limit(bindparam("limit", type_=Integer))


def _seen(row: Any) -> Seen:
    handle, campaign_id, status, *times, moved = row[:9]
    light = None if row[9] is None else _light(*row[9:])
    changed_at = max(at for at in times if at is not None)
    return Seen((handle, campaign_id), CampaignStatus(status), changed_at, moved, light)


def _light(status: str, *told: Any) -> Light:
    score, config_digest, checked_at, moved, checks, waiting = told
    return Light(Status(status), score, config_digest, checked_at, moved, checks, from_json(waiting))
