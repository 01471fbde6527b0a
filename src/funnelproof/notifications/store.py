"""Rows of `webhooks` and `deliveries`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update

from funnelproof.clock import SECOND, Micros
from funnelproof.notifications.webhook import Delivery, Webhook
from funnelproof.storage import changes
from funnelproof.storage.bulk import insert_rows
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import clicks_to_tell, deliveries, webhooks

ANSWER_KEPT = 1000
WebhookRef = tuple[str, str]


def add(tx: Transaction, webhook: Webhook) -> None:
    tx.execute(insert(webhooks).values(**asdict(webhook) | {"events": list(webhook.events)}))
    changes.bump(tx, webhook.handle)


def count(tx: Transaction, handle: str) -> int:
    found: int = tx.execute(select(func.count()).where(webhooks.c.handle == handle)).scalar_one()
    return found


def find(tx: Transaction, handle: str, webhook_id: str) -> Webhook | None:
    row = tx.one(select(webhooks).where(*_at(handle, webhook_id)))
    return _webhook(row) if row else None


def of_handle(tx: Transaction, handle: str, *, before: str | None = None, limit: int = 50) -> list[Webhook]:
    """Newest first."""
    where = [webhooks.c.handle == handle]
    if before is not None:
        where.append(webhooks.c.webhook_id < before)
    rows = tx.all(select(webhooks).where(*where).order_by(webhooks.c.webhook_id.desc()).limit(limit))
    return [_webhook(row) for row in rows]


def remove(tx: Transaction, handle: str, webhook_id: str) -> None:
    """With all that was sent to it or waits to be."""
    tx.execute(delete(deliveries).where(deliveries.c.handle == handle, deliveries.c.webhook_id == webhook_id))
    tx.execute(delete(webhooks).where(*_at(handle, webhook_id)))
    changes.bump(tx, handle)


def disable(tx: Transaction, handle: str, webhook_id: str, *, reason: str, now: Micros) -> None:
    """Nothing waits for it any more."""
    tx.execute(update(webhooks).where(*_at(handle, webhook_id)).values(disabled_at=now, disabled_reason=reason))
    waiting = (deliveries.c.handle == handle, deliveries.c.webhook_id == webhook_id, deliveries.c.due_at.is_not(None))
    tx.execute(update(deliveries).where(*waiting).values(due_at=None, state="FAILED"))
    changes.bump(tx, handle)


def count_outcome(tx: Transaction, handle: str, webhook_id: str, *, failed: int, held: bool) -> None:
    """`failures` begins again with each delivery that held."""
    failures = failed if held else webhooks.c.failures + failed
    tx.execute(update(webhooks).where(*_at(handle, webhook_id)).values(failures=failures))


def add_deliveries(tx: Transaction, made: Sequence[Delivery]) -> None:
    if made:
        tx.execute(insert(deliveries).values([asdict(each) for each in made]))


def find_delivery(tx: Transaction, handle: str, delivery_id: str) -> Delivery | None:
    row = tx.one(select(deliveries).where(deliveries.c.handle == handle, deliveries.c.delivery_id == delivery_id))
    return _delivery(row) if row else None


def deliveries_of(tx: Transaction, handle: str, webhook_id: str, *, before: str | None, limit: int) -> list[Delivery]:
    """Newest first."""
    where = [deliveries.c.handle == handle, deliveries.c.webhook_id == webhook_id]
    if before is not None:
        where.append(deliveries.c.delivery_id < before)
    rows = tx.all(select(deliveries).where(*where).order_by(deliveries.c.delivery_id.desc()).limit(limit))
    return [_delivery(row) for row in rows]


def with_due(tx: Transaction, now: Micros) -> list[WebhookRef]:
    """Webhooks of all handles for which something is due: one look into an index for each webhook."""
    waits = exists().where(
        deliveries.c.handle == webhooks.c.handle,
        deliveries.c.webhook_id == webhooks.c.webhook_id,
        deliveries.c.due_at <= now,
    )
    rows = tx.all(select(webhooks.c.handle, webhooks.c.webhook_id).where(webhooks.c.disabled_at.is_(None), waits))
    return [(row["handle"], row["webhook_id"]) for row in rows]


def due(tx: Transaction, ref: WebhookRef, now: Micros, *, limit: int) -> list[Delivery]:
    handle, webhook_id = ref
    where = (deliveries.c.handle == handle, deliveries.c.webhook_id == webhook_id, deliveries.c.due_at <= now)
    rows = tx.all(select(deliveries).where(*where).order_by(deliveries.c.due_at, deliveries.c.delivery_id).limit(limit))
    return [_delivery(row) for row in rows]


def keep_outcome(tx: Transaction, tried: Delivery) -> None:
    """What became of an attempt."""
    where = (deliveries.c.handle == tried.handle, deliveries.c.delivery_id == tried.delivery_id)
    names = ("due_at", "state", "attempts", "attempted_at", "status_code", "answer")
    tx.execute(update(deliveries).where(*where).values(**{name: getattr(tried, name) for name in names}))


def ask_again(tx: Transaction, handle: str, delivery_id: str, now: Micros) -> None:
    """As if it had never been tried: due at once, with the whole schedule before it."""
    where = (deliveries.c.handle == handle, deliveries.c.delivery_id == delivery_id)
    tx.execute(update(deliveries).where(*where).values(due_at=now, state="PENDING", attempts=0))


def forget(tx: Transaction, made_before: Micros, *, limit: int) -> int:
    """Delete the oldest; answers how many."""
    old = tx.all(
        select(deliveries.c.handle, deliveries.c.delivery_id)
        .where(deliveries.c.made_at < made_before)
        .order_by(deliveries.c.made_at)
        .limit(limit)
    )
    for row in old:
        where = (deliveries.c.handle == row["handle"], deliveries.c.delivery_id == row["delivery_id"])
        tx.execute(delete(deliveries).where(*where))
    return len(old)


def add_clicks_to_tell(tx: Transaction, rows: Sequence[tuple[str, str, Micros, str]]) -> None:
    """(handle, click id, when, what is told of it)"""
    insert_rows(tx, clicks_to_tell, ("handle", "click_id", "at", "told"), sorted(rows))


def handles_with_clicks(tx: Transaction, *, limit: int) -> list[str]:
    """Of all handles: those with clicks that wait."""
    of = clicks_to_tell.c
    return [row.handle for row in tx.execute(select(of.handle).distinct().order_by(of.handle).limit(limit))]


def clicks_of_a_second(tx: Transaction, handle: str, *, before: Micros, limit: int) -> list[tuple[str, Micros, str]]:
    """The oldest that wait, as far as they are of one second that has passed."""
    of = clicks_to_tell.c
    first = tx.execute(select(func.min(of.at)).where(of.handle == handle, of.at < before)).scalar_one()
    if first is None:
        return []
    same = of.at < (first // SECOND + 1) * SECOND
    columns = select(of.click_id, of.at, of.told).where(of.handle == handle, same)
    return [(row.click_id, row.at, row.told) for row in tx.execute(columns.order_by(of.click_id).limit(limit))]


def clicks_told(tx: Transaction, handle: str, click_ids: Sequence[str]) -> None:
    of = clicks_to_tell.c
    tx.execute(delete(clicks_to_tell).where(of.handle == handle, of.click_id.in_(sorted(click_ids))))


def _at(handle: str, webhook_id: str) -> tuple[Any, ...]:
    return webhooks.c.handle == handle, webhooks.c.webhook_id == webhook_id


def _webhook(row: Row) -> Webhook:
    told = {name: row[name] for name in Webhook.__slots__}
    return Webhook(**told | {"events": tuple(told["events"])})


def _delivery(row: Row) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.__slots__})
