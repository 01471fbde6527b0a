"""Rows of `walks`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, func, insert, select, update

from funnelproof.clock import Micros
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import conversions, walks
from funnelproof.walks.walk import LIFE, Walk

LATE: Micros = 7 * LIFE
"""An order may come back after the link has ended; a week later nobody waits any more."""
AT_ONCE = 200
COUNTED = "COUNTED"


def add(tx: Transaction, walk: Walk) -> None:
    tx.execute(insert(walks).values(**{name: getattr(walk, name) for name in Walk.__slots__}))


def find(tx: Transaction, handle: str, walk_id: str) -> Walk | None:
    row = tx.one(select(walks).where(walks.c.handle == handle, walks.c.walk_id == walk_id))
    return _walk(row) if row else None


def page(tx: Transaction, handle: str, campaign_id: str, *, before: str | None, limit: int) -> list[Walk]:
    """Newest first."""
    where = [walks.c.handle == handle, walks.c.campaign_id == campaign_id]
    if before is not None:
        where.append(walks.c.walk_id < before)
    return [_walk(row) for row in tx.all(select(walks).where(*where).order_by(walks.c.walk_id.desc()).limit(limit))]


def open_for(tx: Transaction, walk: Walk, nonce_hash: str, now: Micros) -> bool:
    """The first browser keeps the walk: False if another one was first."""
    at = (walks.c.handle == walk.handle, walks.c.walk_id == walk.walk_id, walks.c.nonce_hash.is_(None))
    return tx.execute(update(walks).where(*at).values(nonce_hash=nonce_hash, opened_at=now)).rowcount == 1


def note_return(tx: Transaction, walk: Walk, returned: dict[str, Any], at: Micros) -> None:
    """The first order that came back is the one that counts."""
    where = (walks.c.handle == walk.handle, walks.c.walk_id == walk.walk_id, walks.c.returned_at.is_(None))
    tx.execute(update(walks).where(*where).values(returned=returned, returned_at=at))


def back_unseen(tx: Transaction, now: Micros) -> list[Walk]:
    """Walks of all handles whose order has come and that were not told so yet, the oldest first."""
    waits = (walks.c.returned_at.is_(None), walks.c.opened_at.is_not(None), walks.c.made_at > now - LATE)
    order = exists().where(
        conversions.c.handle == walks.c.handle,
        conversions.c.world == walks.c.walk_id,
        conversions.c.campaign_id == walks.c.campaign_id,
        conversions.c.disposition == COUNTED,
        conversions.c.variant == walks.c.variant,
    )
    return [_walk(row) for row in tx.all(select(walks).where(*waits, order).order_by(walks.c.made_at).limit(AT_ONCE))]


def standing(tx: Transaction, handle: str, campaign_ids: Sequence[str]) -> list[Walk]:
    """Of each variant of these campaigns the newest walk, and the newest that came back."""
    own = (walks.c.handle == handle, walks.c.campaign_id.in_(campaign_ids))
    newest = select(func.max(walks.c.walk_id)).where(*own).group_by(walks.c.campaign_id, walks.c.variant)
    back = newest.where(walks.c.returned_at.is_not(None))
    found = [row for query in (newest, back) for row in tx.all(select(walks).where(*own, walks.c.walk_id.in_(query)))]
    return [_walk(row) for row in found]


def _walk(row: Row) -> Walk:
    return Walk(**{name: row[name] for name in Walk.__slots__})
