"""Rows of `looks` and `sample_ratio_alarms`, and what else a test's figures need beside the tallies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Table, bindparam, cast, func, select, update

from funnelproof.campaigns.campaign import CampaignRef, CampaignStatus
from funnelproof.clock import Micros
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import (
    campaign_history,
    campaigns,
    ledger,
    looks,
    quarter_tallies,
    sample_ratio_alarms,
)
from funnelproof.storage.statements import insert_new
from funnelproof.tallies.move import QUARTER

SAMPLED = 50_000


def _entered() -> Select[Any]:
    """Quarter hour by quarter hour, each by its key: what else was counted in them is not read."""
    first = select(bindparam("first", type_=BigInteger).label("quarter"))
    asked = first.cte("asked", recursive=True)
    asked = asked.union_all(select(asked.c.quarter + 1).where(asked.c.quarter < bindparam("last", type_=BigInteger)))
    of = quarter_tallies.c
    place = [of[name] == bindparam(name) for name in ("handle", "world", "campaign_id")]
    amount = cast(func.sum(of.amount), of.amount.type).label("amount")
    statement = select(of.name, amount).select_from(asked.join(quarter_tallies, of.quarter == asked.c.quarter))
    return statement.where(*place, of.subject == "entered").group_by(of.name)


ENTERED = _entered()


@dataclass(frozen=True, slots=True)
class Look:
    """The moment when the verdict's code became another one, with what had been counted. Numbers begin at 1."""

    number: int
    at: Micros
    code: str
    counts: Any


@dataclass(frozen=True, slots=True)
class Alarm:
    """A split that was not as planned in one phase; open until a person closes it with a reason."""

    phase: int
    raised_at: Micros
    evidence: Mapping[str, Any]
    closed_at: Micros | None = None
    closed_by: str | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def last_look(tx: Transaction, ref: CampaignRef, epoch: int) -> Look | None:
    found = looks_of(tx, ref, epoch, before=None, limit=1)
    return found[0] if found else None


def looks_of(tx: Transaction, ref: CampaignRef, epoch: int, *, before: int | None, limit: int) -> list[Look]:
    """Newest first."""
    where = _in_epoch(looks, ref, epoch)
    if before is not None:
        where.append(looks.c.number < before)
    rows = tx.all(select(looks).where(*where).order_by(looks.c.number.desc()).limit(limit))
    return [Look(**{name: row[name] for name in Look.__slots__}) for row in rows]


def last_look_with(tx: Transaction, ref: CampaignRef, epoch: int, code: str) -> Look | None:
    where = [*_in_epoch(looks, ref, epoch), looks.c.code == code]
    row = tx.one(select(looks).where(*where).order_by(looks.c.number.desc()).limit(1))
    return Look(**{name: row[name] for name in Look.__slots__}) if row else None


def add_look(tx: Transaction, ref: CampaignRef, epoch: int, look: Look) -> None:
    """If another process saw the change first, its look stands."""
    row = {name: getattr(look, name) for name in Look.__slots__}
    insert_new(tx, looks, [{**_at(ref, epoch), **row}], returning=["number"])


def alarms_of(tx: Transaction, ref: CampaignRef, epoch: int) -> list[Alarm]:
    """In the order of their phases."""
    statement = select(sample_ratio_alarms).where(*_in_epoch(sample_ratio_alarms, ref, epoch))
    rows = tx.all(statement.order_by(sample_ratio_alarms.c.phase))
    return [Alarm(**{name: row[name] for name in Alarm.__slots__}) for row in rows]


def raise_alarm(tx: Transaction, ref: CampaignRef, epoch: int, alarm: Alarm) -> None:
    """One alarm for each phase: what a person has closed does not come again."""
    row = {name: getattr(alarm, name) for name in Alarm.__slots__}
    insert_new(tx, sample_ratio_alarms, [{**_at(ref, epoch), **row}], returning=["phase"])


def close_alarms(tx: Transaction, ref: CampaignRef, epoch: int, *, at: Micros, by: str, reason: str) -> int:
    """Close all that are open; answer how many."""
    where = [*_in_epoch(sample_ratio_alarms, ref, epoch), sample_ratio_alarms.c.closed_at.is_(None)]
    closed = {"closed_at": at, "closed_by": by, "reason": reason}
    return int(tx.execute(update(sample_ratio_alarms).where(*where).values(**closed)).rowcount)


def moves(tx: Transaction, ref: CampaignRef) -> list[tuple[Micros, str]]:
    """(moment, new status) of a campaign's whole life, in order."""
    where = (campaign_history.c.handle == ref[0], campaign_history.c.campaign_id == ref[1])
    statement = select(campaign_history.c.at, campaign_history.c.to_status).where(
        *where, campaign_history.c.to_status.is_not(None)
    )
    rows = tx.all(statement.order_by(campaign_history.c.at, campaign_history.c.entry_id))
    return [(row["at"], row["to_status"]) for row in rows]


def entered_since(
    tx: Transaction, ref: CampaignRef, world: str, epoch: int, stretch: tuple[Micros, Micros]
) -> dict[tuple[int, int], int]:
    """First entries from the quarter hour that holds the begin of a stretch to its end, by (phase, variant)."""
    bound: dict[str, Any] = {"handle": ref[0], "world": world, "campaign_id": ref[1]}
    bound |= {"first": stretch[0] // QUARTER, "last": stretch[1] // QUARTER}
    found: dict[tuple[int, int], int] = {}
    for row in tx.execute(ENTERED, bound):
        own_epoch, phase, variant = (int(part) for part in row.name.split("."))
        if own_epoch == epoch:
            found[phase, variant] = row.amount
    return found


def has_arrivals(tx: Transaction, ref: CampaignRef, world: str, since: Micros) -> bool:
    """Whether pages have reported that they opened, apart from orders, since a moment."""
    where = (*_in_world(quarter_tallies, ref, world), quarter_tallies.c.quarter >= since // QUARTER)
    statement = select(quarter_tallies.c.quarter).where(*where, quarter_tallies.c.subject == "arrived").limit(1)
    return tx.execute(statement).first() is not None


def sliced_entries(
    tx: Transaction, ref: CampaignRef, world: str, phase: tuple[int, int], dimension: str
) -> Sequence[Row]:
    """(value, variant, entered) of a phase, (epoch, phase), by a dimension of the visitors' first click.

    Of at most 50 000 visitors in the order of their hashes: a fair sample, at a cost that does not grow.
    """
    sample = select(ledger).where(*_in_world(ledger, ref, world)).order_by(ledger.c.visitor).limit(SAMPLED).subquery()
    where = (sample.c.epoch == phase[0], sample.c.phase == phase[1], sample.c.cohort == "ENTERED")
    columns = (sample.c[dimension].label("value"), sample.c.variant)
    return tx.all(select(*columns, func.count().label("entered")).where(*where).group_by(*columns))


def running(tx: Transaction, after: CampaignRef, limit: int) -> list[CampaignRef]:
    """Active campaigns of all handles, in the order of their keys."""
    refs = (campaigns.c.handle, campaigns.c.campaign_id)
    beyond = (campaigns.c.handle > after[0]) | ((campaigns.c.handle == after[0]) & (campaigns.c.campaign_id > after[1]))
    is_running = (campaigns.c.status == CampaignStatus.ACTIVE.value, campaigns.c.deleted_at.is_(None))
    rows = tx.all(select(*refs).where(*is_running, beyond).order_by(*refs).limit(limit))
    return [(row["handle"], row["campaign_id"]) for row in rows]


def _in_epoch(table: Table, ref: CampaignRef, epoch: int) -> list[ColumnElement[bool]]:
    return [table.c.handle == ref[0], table.c.campaign_id == ref[1], table.c.epoch == epoch]


def _in_world(table: Table, ref: CampaignRef, world: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.handle == ref[0], table.c.world == world, table.c.campaign_id == ref[1]


def _at(ref: CampaignRef, epoch: int) -> dict[str, Any]:
    return {"handle": ref[0], "campaign_id": ref[1], "epoch": epoch}
