"""Rows of `health_lights` and `health_changes`: each campaign's light as it was last seen, and every change of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, ScalarSelect, Select, and_, bindparam, cast, func, insert, or_, select, update

from funnelproof.campaigns.campaign import CampaignRef, CampaignStatus
from funnelproof.clock import HOUR, MINUTE, Micros
from funnelproof.health.check import Health, Status
from funnelproof.notifications.outbox import announce
from funnelproof.notifications.webhook import Event
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
ON_ITS_WAY = (CampaignStatus.ACTIVE, CampaignStatus.PAUSED)


@dataclass(frozen=True, slots=True)
class Light:
    status: Status
    score: int
    config_digest: str
    checked_at: Micros
    moved: int


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
    """Store what was seen, unless somebody has looked later and stored it first; a change of the light is kept."""
    at = {"handle": handle, "campaign_id": health.campaign_id}
    told = {"status": health.status.value, "score": health.score, "config_digest": health.config_digest}
    told |= {"checked_at": health.checked_at, "moved": moved}
    before = None
    if not insert_new(tx, health_lights, [{**at, **told}], returning=["campaign_id"]):
        where = tuple(health_lights.c[name] == value for name, value in at.items())
        columns = (health_lights.c.status, health_lights.c.checked_at)
        stored = tx.execute(select(*columns).where(*where).with_for_update()).one()
        before = stored.status
        if stored.checked_at > health.checked_at:
            return
        tx.execute(update(health_lights).where(*where).values(**told))
    if before != health.status.value:
        _note(tx, {**at, "at": health.checked_at, "from_status": before, "to_status": health.status.value})


def to_brake(tx: Transaction, *, limit: int) -> list[CampaignRef]:
    """Running campaigns of all handles that want to be paused on FAIL, and whose light turned to it as they ran."""
    of, light, turn, moved = campaigns.c, health_lights.c, health_changes.c, campaign_history.c
    turned = select(func.max(turn.at)).where(turn.handle == of.handle, turn.campaign_id == of.campaign_id)
    started = select(func.max(moved.at)).where(
        moved.handle == of.handle, moved.campaign_id == of.campaign_id, moved.to_status == CampaignStatus.ACTIVE.value
    )
    statement = (
        select(of.handle, of.campaign_id)
        .join(health_lights, and_(light.handle == of.handle, light.campaign_id == of.campaign_id))
        .where(of.pause_on_fail == 1, of.status == CampaignStatus.ACTIVE.value, of.deleted_at.is_(None))
        .where(light.status == Status.FAIL.value, _of_campaign(turned) > func.coalesce(_of_campaign(started), 0))
        .order_by(of.handle, of.campaign_id)
        .limit(limit)
    )
    return [(row.handle, row.campaign_id) for row in tx.execute(statement)]


def changes(tx: Transaction, ref: CampaignRef) -> list[tuple[Micros, str | None, str]]:
    """(moment, from, to) of a campaign's light, the oldest first; the first comes from nothing."""
    of = health_changes.c
    statement = select(of.at, of.from_status, of.to_status).where(of.handle == ref[0], of.campaign_id == ref[1])
    return [(row.at, row.from_status, row.to_status) for row in tx.execute(statement.order_by(of.at))]


def _note(tx: Transaction, row: dict[str, Any]) -> None:
    """Two changes of one moment cannot be told apart by time: the later one moves on by a microsecond."""
    of = health_changes.c
    newest = select(func.max(of.at)).where(of.handle == row["handle"], of.campaign_id == row["campaign_id"])
    last = tx.execute(newest).scalar_one()
    at = row["at"] if last is None else max(row["at"], last + 1)
    tx.execute(insert(health_changes).values(**{**row, "at": at}))
    fact = {"campaignId": row["campaign_id"], "from": row["from_status"], "to": row["to_status"]}
    announce(tx, row["handle"], Event.HEALTH_CHANGED, [fact], at=at)


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
    stored = (light.status, light.score, light.config_digest, light.checked_at, light.moved)
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
    light = None if row[9] is None else Light(Status(row[9]), *row[10:])
    changed_at = max(at for at in times if at is not None)
    return Seen((handle, campaign_id), CampaignStatus(status), changed_at, moved, light)
