"""Trying a webhook out: one event, sent now and once, whatever comes of it."""

from collections.abc import Mapping
from dataclasses import replace

from funnelproof.clock import Clock
from funnelproof.notifications import store
from funnelproof.notifications.deliver import Courier, keep
from funnelproof.notifications.outbox import delivery
from funnelproof.notifications.webhook import TEST, Delivery, State, Webhook
from funnelproof.storage.database import Database, Transaction


async def try_out(
    database: Database, courier: Courier, clock: Clock, webhook: Webhook, fact: Mapping[str, object]
) -> Delivery:
    """A `webhook.test` event; the delivery as it stands after its only attempt, which is kept and counted."""
    tried = await courier.send(webhook, delivery(webhook, TEST, {**fact, "test": True}, at=clock.now()))
    once = tried if tried.state == State.DELIVERED else replace(tried, state=State.FAILED, due_at=None)

    def work(tx: Transaction) -> None:
        store.add_deliveries(tx, [once])
        keep(tx, webhook, [once])

    await database.write(work)
    return once
