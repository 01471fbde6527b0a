"""Rows of `campaign_history`: what was done to a campaign, by whom, and what was known at that moment."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import Micros
from funnelproof.ids import new_id
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import campaign_history


@dataclass(frozen=True, slots=True)
class Entry:
    entry_id: str
    at: Micros
    act: str
    actor: str
    from_status: str | None
    to_status: str | None
    reason: str | None
    request_id: str | None
    health: str | None
    config_digest: str | None
    details: Any


def write(tx: Transaction, campaign: Campaign, *, at: Micros, act: str, actor: str, **facts: Any) -> None:
    row = {
        "handle": campaign.handle,
        "campaign_id": campaign.campaign_id,
        "entry_id": new_id("his"),
        "at": at,
        "act": act,
        "actor": actor,
    }
    tx.execute(insert(campaign_history).values(**row, **facts))


def page(tx: Transaction, handle: str, campaign_id: str, *, before: str | None, limit: int) -> list[Entry]:
    """Newest first."""
    where = [campaign_history.c.handle == handle, campaign_history.c.campaign_id == campaign_id]
    if before is not None:
        where.append(campaign_history.c.entry_id < before)
    rows = tx.all(select(campaign_history).where(*where).order_by(campaign_history.c.entry_id.desc()).limit(limit))
    return [_entry(row) for row in rows]


def newest(tx: Transaction, handle: str, campaign_id: str, act: str) -> Entry | None:
    """The newest line of one kind."""
    where = (campaign_history.c.handle == handle, campaign_history.c.campaign_id == campaign_id)
    of_kind = select(campaign_history).where(*where, campaign_history.c.act == act)
    row = tx.one(of_kind.order_by(campaign_history.c.entry_id.desc()).limit(1))
    return _entry(row) if row else None


def _entry(row: Row) -> Entry:
    return Entry(**{name: row[name] for name in Entry.__slots__})
