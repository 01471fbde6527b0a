"""The step `webhook_signed`: does everybody who wants to hear of this handle take what is sent, signed?"""

import asyncio
from collections.abc import Sequence

from funnelproof.installation import Installation
from funnelproof.notifications import store
from funnelproof.notifications.attempt import try_out
from funnelproof.notifications.deliver import Courier
from funnelproof.notifications.webhook import MOST_PER_HANDLE, Delivery, State, Webhook
from funnelproof.proofs import steps
from funnelproof.proofs.receipt import Step

ID = "webhook_signed"
NOBODY = "no webhook of this handle listens"


async def webhook_signed(home: Installation, courier: Courier, handle: str, run_id: str) -> Step:
    """One test event to each webhook that is not disabled, at once; as long as one of them may take, five seconds."""
    every = await home.database.read(lambda tx: store.of_handle(tx, handle, limit=MOST_PER_HANDLE))
    listening = [webhook for webhook in every if webhook.disabled_at is None]
    if not listening:
        return steps.skipped(ID, NOBODY)
    fact = {"runId": run_id}
    tried = await asyncio.gather(
        *(
            try_out(home.database, courier, home.clock, webhook, {**fact, "webhookId": webhook.webhook_id})
            for webhook in listening
        )
    )
    return _step(courier, listening, tried)


def _step(courier: Courier, listening: Sequence[Webhook], tried: Sequence[Delivery]) -> Step:
    taken = sum(own.state == State.DELIVERED for own in tried)
    signed = all(courier.is_signed(webhook, own) for webhook, own in zip(listening, tried, strict=True))
    expected = {"accepted": f"{len(tried)} of {len(tried)}", "signatures": "verify"}
    observed = {"accepted": f"{taken} of {len(tried)}", "signatures": "verify" if signed else "do not verify"}
    return steps.compared(ID, expected, observed, deliveries=[_evidence(own) for own in tried])


def _evidence(own: Delivery) -> dict[str, object]:
    told: dict[str, object] = {
        "webhookId": own.webhook_id,
        "deliveryId": own.delivery_id,
        "statusCode": own.status_code,
    }
    return told if own.state == State.DELIVERED else {**told, "answer": own.answer}
