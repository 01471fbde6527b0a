"""Webhooks of a handle: made, listed, tried out, taken back; what was sent to them, and sending it again."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.handles.handle import HandleNotFound
from funnelproof.handles.routes import HandleName
from funnelproof.installation import Installation
from funnelproof.links.address import AddressRules
from funnelproof.notifications import make, store
from funnelproof.notifications.deliver import Courier
from funnelproof.notifications.webhook import (
    Delivery,
    Event,
    NoSuchDelivery,
    NoSuchWebhook,
    State,
    TooManyWebhooks,
    Webhook,
)
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.web.shape import Shape, ShownMoment, View, example

ROOT = "/v2/handles/{handle}/webhooks"
WebhookId = Annotated[str, Path(examples=["whk_019ab2f0c1d27e4f8a3b5c6d7e8f9a0b"])]
DeliveryId = Annotated[str, Path(examples=["dlv_019ab2f0c1d27e4f8a3b5c6d7e8f9a0b"])]


class NewWebhook(Shape):
    model_config = example({"url": "https://shop.example/hooks/funnelproof", "events": ["conversion.recorded"]})

    url: str = Field(max_length=2048)
    events: list[Event] = Field(min_length=1, max_length=len(Event))


class WebhookView(View):
    """`failures` counts failed attempts since the last that was accepted. `secret` is shown once, when it is made."""

    webhook_id: str
    url: str
    events: list[str]
    made_by: str
    made_at: ShownMoment
    disabled_at: ShownMoment | None
    disabled_reason: str | None
    failures: int
    secret: str | None = None


class DeliveryView(View):
    """`body` is what was signed; `statusCode` and `answer` are those of the last attempt, or why there was none."""

    delivery_id: str
    webhook_id: str
    event: str
    state: State
    attempts: int
    made_at: ShownMoment
    attempted_at: ShownMoment | None
    next_attempt_at: ShownMoment | None
    status_code: int | None
    answer: str | None
    body: str


def routes(home: Installation, courier: Courier) -> APIRouter:
    router = APIRouter(tags=["webhooks"])
    _add_making(router, home)
    _add_reading(router, home)
    _add_trying(router, home, courier)
    _add_redelivering(router, home)
    return router


def _add_making(router: APIRouter, home: Installation) -> None:
    rules = AddressRules((), home.settings.allow_private_targets, home.settings.public_domain)

    @router.post(ROOT, status_code=201, responses=refusals(HandleNotFound, TooManyWebhooks))
    async def make_webhook(
        handle: HandleName, body: NewWebhook, caller: CallerOf, request_id: RequestId
    ) -> WebhookView:
        """Where events of this handle are sent. Its secret is in this answer and in none after it."""
        act = Act(caller.actor, home.clock.now(), request_id)

        def work(tx: Transaction) -> WebhookView:
            events = tuple(body.events)
            return _shown(*make.make(tx, handle, url=body.url, events=events, rules=rules, seal=home.seal, act=act))

        return await home.database.write(work)

    @router.delete(ROOT + "/{webhookId}", status_code=204, responses=refusals(NoSuchWebhook))
    async def delete_webhook(handle: HandleName, webhookId: WebhookId) -> None:  # noqa: N803
        """Nothing is sent there any more; its deliveries are deleted as well."""
        await home.database.write(lambda tx: make.remove(tx, handle, webhookId))


def _add_reading(router: APIRouter, home: Installation) -> None:
    @router.get(ROOT, responses=refusals(HandleNotFound))
    async def list_webhooks(handle: HandleName, page: AskedPage) -> Listing[WebhookView]:
        """Newest first, without their secrets."""
        after = page.after(str)
        before = str(after[0]) if after else None
        found = await home.database.read(lambda tx: store.of_handle(tx, handle, before=before, limit=page.rows))
        kept, cursor = page.cut(found, lambda webhook: (webhook.webhook_id,))
        return Listing(items=[_shown(webhook) for webhook in kept], next_cursor=cursor)

    @router.get(ROOT + "/{webhookId}/deliveries", responses=refusals(NoSuchWebhook))
    async def list_deliveries(handle: HandleName, webhookId: WebhookId, page: AskedPage) -> Listing[DeliveryView]:  # noqa: N803
        """What was or will be sent to a webhook in 30 days, newest first, with what it answered."""
        after = page.after(str)
        before = str(after[0]) if after else None

        def work(tx: Transaction) -> Listing[DeliveryView]:
            make.existing(tx, handle, webhookId)
            found = store.deliveries_of(tx, handle, webhookId, before=before, limit=page.rows)
            kept, cursor = page.cut(found, lambda own: (own.delivery_id,))
            return Listing(items=[_sent(own) for own in kept], next_cursor=cursor)

        return await home.database.read(work)


def _add_trying(router: APIRouter, home: Installation, courier: Courier) -> None:
    @router.post(ROOT + "/{webhookId}/test", status_code=201, responses=refusals(NoSuchWebhook))
    async def try_webhook(handle: HandleName, webhookId: WebhookId) -> DeliveryView:  # noqa: N803
        """Send a `webhook.test` event now, once, and show what the receiver answered."""
        webhook = await home.database.read(lambda tx: make.existing(tx, handle, webhookId))
        return _sent(await courier.try_out(webhook))


def _add_redelivering(router: APIRouter, home: Installation) -> None:
    path = "/v2/handles/{handle}/deliveries/{deliveryId}/redeliver"

    @router.post(path, status_code=202, responses=refusals(NoSuchDelivery))
    async def redeliver(
        handle: HandleName,
        deliveryId: DeliveryId,  # noqa: N803
        caller: CallerOf,
        request_id: RequestId,
    ) -> DeliveryView:
        """Send it once more, under the same `webhook-id`, with the whole schedule of attempts before it."""
        act = Act(caller.actor, home.clock.now(), request_id)
        return _sent(await home.database.write(lambda tx: make.redeliver(tx, handle, deliveryId, act=act)))


def _shown(webhook: Webhook, secret: str | None = None) -> WebhookView:
    return WebhookView(
        webhook_id=webhook.webhook_id,
        url=webhook.url,
        events=list(webhook.events),
        made_by=webhook.made_by,
        made_at=webhook.made_at,
        disabled_at=webhook.disabled_at,
        disabled_reason=webhook.disabled_reason,
        failures=webhook.failures,
        secret=secret,
    )


def _sent(own: Delivery) -> DeliveryView:
    return DeliveryView(
        delivery_id=own.delivery_id,
        webhook_id=own.webhook_id,
        event=own.event,
        state=State(own.state),
        attempts=own.attempts,
        made_at=own.made_at,
        attempted_at=own.attempted_at,
        next_attempt_at=own.due_at,
        status_code=own.status_code,
        answer=own.answer,
        body=own.body,
    )
