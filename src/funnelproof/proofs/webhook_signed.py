"""The step `webhook_signed`: whoever is subscribed to what a run makes takes a delivery, and its signature holds."""

import asyncio
from collections.abc import Sequence
from typing import Any

from funnelproof.keys.seal import WrongSecret
from funnelproof.notifications import store
from funnelproof.notifications.deliver import Courier
from funnelproof.notifications.webhook import MOST_PER_HANDLE, Delivery, Event, State, Webhook
from funnelproof.proofs import steps
from funnelproof.proofs.receipt import Step
from funnelproof.proofs.store import Run
from funnelproof.storage.database import Database, Transaction

STEP = "webhook_signed"
OF_A_RUN = frozenset({Event.LINK_CLICKED, Event.CONVERSION_RECORDED, Event.TEST_COMPLETED})
NOBODY = "no webhook is subscribed to what a run makes"
EXPECTED = {"delivery": "accepted", "signature": "holds"}


async def webhook_signed(database: Database, courier: Courier, run: Run) -> Step:
    """Sent to all at once, each bounded by the courier's own limit. Ids and what was answered are evidence."""
    to = await database.read(lambda tx: _subscribed(tx, run.handle))
    if not to:
        return steps.skipped(STEP, NOBODY)
    found = await asyncio.gather(*(_try(courier, webhook, run) for webhook in to))
    delivered = "accepted" if all(own["state"] == State.DELIVERED for own in found) else "refused"
    signed = "holds" if all(own["signed"] for own in found) else "does not hold"
    return steps.compared(STEP, EXPECTED, {"delivery": delivered, "signature": signed}, webhooks=list(found))


def _subscribed(tx: Transaction, handle: str) -> Sequence[Webhook]:
    every = store.of_handle(tx, handle, limit=MOST_PER_HANDLE)
    return [webhook for webhook in every if OF_A_RUN.intersection(webhook.events)]


async def _try(courier: Courier, webhook: Webhook, run: Run) -> dict[str, Any]:
    if webhook.disabled_at is not None:
        return _told(webhook, "DISABLED", webhook.disabled_reason, signed=True)
    try:
        tried = await courier.try_out(webhook, {"runId": run.run_id, "campaignId": run.campaign_id})
    except WrongSecret:
        return _told(webhook, "NOT_SENT", "Its secret cannot be opened with this installation's key.", signed=False)
    return _sent(webhook, tried, signed=courier.was_signed(webhook, tried))


def _sent(webhook: Webhook, tried: Delivery, *, signed: bool) -> dict[str, Any]:
    told = _told(webhook, tried.state, tried.answer, signed=signed)
    return {**told, "deliveryId": tried.delivery_id, "status": tried.status_code}


def _told(webhook: Webhook, state: str, answer: str | None, *, signed: bool) -> dict[str, Any]:
    return {"webhookId": webhook.webhook_id, "state": str(state), "answer": answer, "signed": signed}
