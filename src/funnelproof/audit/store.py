"""Rows of `audit_lines`: added with the write they tell of, chained a moment later, never changed again."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, insert, select, update

from funnelproof.audit.line import Line
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import audit_lines

GROUP = 500


def add(tx: Transaction, line: Line) -> None:
    tx.execute(insert(audit_lines).values(**{name: getattr(line, name) for name in Line.__slots__}))


def page(
    tx: Transaction, handle: str, *, actor: str | None, request_id: str | None, before: str | None, limit: int
) -> list[Line]:
    """Newest first."""
    where: list[Any] = [audit_lines.c.handle == handle]
    if actor is not None:
        where.append(audit_lines.c.actor == actor)
    if request_id is not None:
        where.append(audit_lines.c.request_id == request_id)
    if before is not None:
        where.append(audit_lines.c.line_id < before)
    rows = tx.all(select(audit_lines).where(*where).order_by(audit_lines.c.line_id.desc()).limit(limit))
    return [_line(row) for row in rows]


def unchained(tx: Transaction) -> list[Line]:
    """Lines of all handles that have no place in their chain yet, the oldest first."""
    rows = tx.all(select(audit_lines).where(audit_lines.c.hash.is_(None)).order_by(audit_lines.c.line_id).limit(GROUP))
    return [_line(row) for row in rows]


def last_of(tx: Transaction, handle: str) -> Line | None:
    """The newest line of a chain."""
    newest = select(func.max(audit_lines.c.seq)).where(audit_lines.c.handle == handle).scalar_subquery()
    row = tx.one(select(audit_lines).where(audit_lines.c.handle == handle, audit_lines.c.seq == newest))
    return _line(row) if row else None


def chain(tx: Transaction, line: Line) -> None:
    at = (audit_lines.c.handle == line.handle, audit_lines.c.line_id == line.line_id, audit_lines.c.hash.is_(None))
    tx.execute(update(audit_lines).where(*at).values(seq=line.seq, hash=line.hash))


def in_order(tx: Transaction, handle: str) -> Iterator[Line]:
    """A whole chain, from its first line."""
    seq = 0
    while True:
        where = (audit_lines.c.handle == handle, audit_lines.c.seq > seq)
        rows = list(tx.all(select(audit_lines).where(*where).order_by(audit_lines.c.seq).limit(GROUP)))
        for row in rows:
            yield _line(row)
        if len(rows) < GROUP:
            return
        seq = rows[-1]["seq"]


def _line(row: Row) -> Line:
    return Line(**{name: row[name] for name in Line.__slots__})
