"""The courier: takes what is due to each webhook, sends it without a transaction, writes down what came of it."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from funnelproof.clock import SECOND, Clock, Micros
from funnelproof.keys.seal import Seal
from funnelproof.notifications import store
from funnelproof.notifications.outbox import delivery as delivery_of
from funnelproof.notifications.store import ANSWER_KEPT, WebhookRef
from funnelproof.notifications.webhook import KEPT_FOR, TEST, Delivery, State, Webhook, next_due, signature, verifies
from funnelproof.outgoing.client import Answered, NotAnswered, Outgoing
from funnelproof.storage.database import Database, Transaction

log = logging.getLogger(__name__)
WEBHOOKS_AT_ONCE = 64
SENT_AT_ONCE = 8
TAKEN_AT_ONCE = 64
FORGOTTEN_AT_ONCE = 500
GONE = 410


class Courier:
    """Each webhook has a task of its own while something is due to it, so a slow one delays no other."""

    def __init__(self, database: Database, clock: Clock, seal: Seal, outgoing: Outgoing) -> None:
        self._database, self._clock, self._seal, self._outgoing = database, clock, seal, outgoing
        self._running: dict[WebhookRef, asyncio.Task[None]] = {}

    async def __call__(self) -> int:
        """One turn of the job: begin with every webhook that waits and is not being served. Never waits for them."""
        self._running = {ref: task for ref, task in self._running.items() if not task.done()}
        now = self._clock.now()
        waiting = await self._database.read(lambda tx: store.with_due(tx, now))
        free = [ref for ref in waiting if ref not in self._running]
        for ref in free[: WEBHOOKS_AT_ONCE - len(self._running)]:
            self._running[ref] = asyncio.create_task(self._serve(ref))
        return 0

    async def settle(self) -> None:
        """Wait until everything that was begun is done."""
        await asyncio.gather(*self._running.values())

    async def stop(self) -> None:
        """What was sent and not written down yet is sent once more, under the same `webhook-id`."""
        for task in self._running.values():
            task.cancel()
        for task in self._running.values():
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def send(self, webhook: Webhook, delivery: Delivery) -> Delivery:
        """One attempt; the delivery as it stands after it."""
        now = self._clock.now()
        headers = self._signed(webhook, delivery, now)
        tried = replace(delivery, attempts=delivery.attempts + 1, attempted_at=now)
        try:
            answered = await self._outgoing.post(webhook.url, headers=headers, body=delivery.body.encode())
        except NotAnswered as reason:
            return _failed(replace(tried, status_code=None, answer=str(reason)), now, None)
        return _judged(tried, answered, now)

    async def try_out(self, webhook: Webhook, *facts: Mapping[str, object]) -> Delivery:
        """Send a `webhook.test` now, once, and write down what came of it."""
        told: dict[str, object] = {"webhookId": webhook.webhook_id, "test": True}
        for fact in facts:
            told |= fact
        tried = await self.send(webhook, delivery_of(webhook, TEST, told, at=self._clock.now()))
        if tried.state != State.DELIVERED:
            tried = replace(tried, state=State.FAILED, due_at=None)

        def work(tx: Transaction) -> None:
            store.add_deliveries(tx, [tried])
            keep(tx, webhook, [tried])

        await self._database.write(work)
        return tried

    def was_signed(self, webhook: Webhook, tried: Delivery) -> bool:
        """Whether what was sent verifies with the secret that the receiver was given."""
        headers = self._signed(webhook, tried, tried.attempted_at or tried.made_at)
        return verifies(self._secret(webhook), headers, tried.body)

    def _signed(self, webhook: Webhook, delivery: Delivery, at: Micros) -> dict[str, str]:
        seconds, name = at // SECOND, delivery.delivery_id
        signed = signature(self._secret(webhook), message_id=name, at_seconds=seconds, body=delivery.body)
        return {
            "content-type": "application/json",
            "user-agent": "Funnelproof-Webhooks",
            "webhook-id": name,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signed,
        }

    def _secret(self, webhook: Webhook) -> str:
        return self._seal.open(webhook.sealed_secret).decode()

    async def _serve(self, ref: WebhookRef) -> None:
        try:
            while await self._serve_some(ref):
                pass
        except Exception as error:
            log.warning("deliveries to %s could not be made and will be tried again: %s", ref[1], error)

    async def _serve_some(self, ref: WebhookRef) -> bool:
        now = self._clock.now()
        webhook, waiting = await self._database.read(
            lambda tx: (store.find(tx, *ref), store.due(tx, ref, now, limit=TAKEN_AT_ONCE))
        )
        if webhook is None or webhook.disabled_at is not None or not waiting:
            return False
        door = asyncio.Semaphore(SENT_AT_ONCE)

        async def send(one: Delivery) -> Delivery:
            async with door:
                return await self.send(webhook, one)

        tried = await asyncio.gather(*map(send, waiting))
        await self._database.write(lambda tx: keep(tx, webhook, tried))
        return True


def keep(tx: Transaction, webhook: Webhook, tried: Sequence[Delivery]) -> None:
    """Write down what became of some attempts. Who answers 410 wants nothing more."""
    held = any(one.state == State.DELIVERED for one in tried)
    failed = sum(one.state != State.DELIVERED for one in tried)
    for one in sorted(tried, key=lambda one: one.delivery_id):
        store.keep_outcome(tx, one)
    store.count_outcome(tx, webhook.handle, webhook.webhook_id, failed=failed, held=held)
    gone = next((one for one in tried if one.status_code == GONE), None)
    if gone is not None:
        at = gone.attempted_at or gone.made_at
        store.disable(tx, webhook.handle, webhook.webhook_id, reason="The receiver answered 410 Gone.", now=at)


def forget_deliveries(tx: Transaction, now: Micros) -> int:
    """What is older than 30 days goes, bodies and answers with it."""
    return store.forget(tx, now - KEPT_FOR, limit=FORGOTTEN_AT_ONCE)


def _judged(tried: Delivery, answered: Answered, now: Micros) -> Delivery:
    said = answered.body[:ANSWER_KEPT].decode("utf-8", "replace").replace("\0", "")
    told = replace(tried, status_code=answered.status, answer=said)
    if 200 <= answered.status < 300:
        return replace(told, state=State.DELIVERED, due_at=None)
    if answered.status == GONE:
        return replace(told, state=State.FAILED, due_at=None)
    return _failed(told, now, _retry_after(answered))


def _failed(tried: Delivery, now: Micros, retry_after: Micros | None) -> Delivery:
    due = next_due(tried.attempts, now, retry_after=retry_after, chance=random.random())  # noqa: S311 - spreads load
    return replace(tried, due_at=due, state=State.FAILED if due is None else State.PENDING)


def _retry_after(answered: Answered) -> Micros | None:
    text = answered.headers.get("retry-after", "")
    return int(text) * SECOND if text.isascii() and text.isdigit() and len(text) <= 6 else None
