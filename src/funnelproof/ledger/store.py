"""Rows of `kept_answers` and `write_counts`."""

from typing import Any

from sqlalchemy import delete, select, update

from funnelproof.clock import Micros
from funnelproof.ledger.entry import Entry, Kept
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import kept_answers, write_counts
from funnelproof.storage.statements import add_up_returning, insert_new

SLICE = 500


def claim(tx: Transaction, entry: Entry) -> Kept | None:
    """What stands under the key already; None: it is this request's now."""
    row = {
        "handle": entry.handle,
        "caller": entry.caller,
        "key_hash": entry.key_hash,
        "digest": entry.digest,
        "request_id": entry.request_id,
        "started_at": entry.at,
    }
    if insert_new(tx, kept_answers, [row], returning=["key_hash"]):
        return None
    return find(tx, entry)


def find(tx: Transaction, entry: Entry) -> Kept | None:
    row = tx.one(select(kept_answers).where(*_at(entry)))
    return Kept(**{name: row[name] for name in Kept.__slots__}) if row else None


def keep(tx: Transaction, entry: Entry, status: int, body: str, location: str | None) -> None:
    tx.execute(update(kept_answers).where(*_at(entry)).values(status=status, body=body, location=location))


def let_go(tx: Transaction, entry: Entry) -> None:
    """Nothing was done under this key."""
    tx.execute(delete(kept_answers).where(*_at(entry), kept_answers.c.request_id == entry.request_id))


def count_write(tx: Transaction, handle: str, day: str) -> int:
    """One more; how many there are now."""
    (row,) = add_up_returning(tx, write_counts, [{"handle": handle, "day": day, "writes": 1}])
    return int(row["writes"])


def writes_on(tx: Transaction, handle: str, day: str) -> int:
    row = tx.one(select(write_counts.c.writes).where(write_counts.c.handle == handle, write_counts.c.day == day))
    return int(row["writes"]) if row else 0


def forget(tx: Transaction, handle: str, before: Micros, first_day: str) -> int:
    """A slice of answers that are too old to be asked for again, and counts of past days; how many went."""
    old = select(kept_answers.c.key_hash).where(kept_answers.c.handle == handle, kept_answers.c.started_at < before)
    gone = tx.execute(
        delete(kept_answers).where(
            kept_answers.c.handle == handle,
            kept_answers.c.started_at < before,
            kept_answers.c.key_hash.in_(old.limit(SLICE)),
        )
    ).rowcount
    return (
        gone
        + tx.execute(
            delete(write_counts).where(write_counts.c.handle == handle, write_counts.c.day < first_day)
        ).rowcount
    )


def _at(entry: Entry) -> tuple[Any, ...]:
    return (
        kept_answers.c.handle == entry.handle,
        kept_answers.c.caller == entry.caller,
        kept_answers.c.key_hash == entry.key_hash,
    )
