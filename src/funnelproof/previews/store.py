"""Rows of `previews`."""

from typing import Any

from sqlalchemy import delete, insert, select, update

from funnelproof.clock import DAY, Micros
from funnelproof.previews.preview import Preview
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import previews

KEPT_FOR: Micros = DAY


def add(tx: Transaction, preview: Preview) -> None:
    """Those of this handle that ended a day ago go: nobody asks for them any more."""
    gone = (previews.c.handle == preview.handle, previews.c.expires_at < preview.made_at - KEPT_FOR)
    tx.execute(delete(previews).where(*gone))
    tx.execute(insert(previews).values(**{name: getattr(preview, name) for name in Preview.__slots__}))


def find(tx: Transaction, handle: str, preview_id: str) -> Preview | None:
    row = tx.one(select(previews).where(*_at(handle, preview_id)))
    return _preview(row) if row else None


def open_ones(tx: Transaction, handle: str, slug: str, *, now: Micros, before: str | None, limit: int) -> list[Preview]:
    """Of one link, newest first."""
    where = [previews.c.handle == handle, previews.c.slug == slug]
    where += [previews.c.expires_at > now, previews.c.revoked_at.is_(None)]
    if before is not None:
        where.append(previews.c.preview_id < before)
    rows = tx.all(select(previews).where(*where).order_by(previews.c.preview_id.desc()).limit(limit))
    return [_preview(row) for row in rows]


def revoke(tx: Transaction, preview: Preview, now: Micros) -> None:
    tx.execute(update(previews).where(*_at(preview.handle, preview.preview_id)).values(revoked_at=now))


def _at(handle: str, preview_id: str) -> tuple[Any, ...]:
    return previews.c.handle == handle, previews.c.preview_id == preview_id


def _preview(row: Row) -> Preview:
    return Preview(**{name: row[name] for name in Preview.__slots__})
