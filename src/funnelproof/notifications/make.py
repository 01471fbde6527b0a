"""Making webhooks, taking them back, and asking for a delivery once more."""

from urllib.parse import urlsplit

from funnelproof.audit.act import Act
from funnelproof.errors import invalid_payload
from funnelproof.ids import new_id
from funnelproof.keys.seal import Seal
from funnelproof.links.address import AddressRules, destination_faults
from funnelproof.notifications import store
from funnelproof.notifications.webhook import (
    MOST_PER_HANDLE,
    Delivery,
    Event,
    NoSuchDelivery,
    NoSuchWebhook,
    TooManyWebhooks,
    Webhook,
    new_secret,
)
from funnelproof.storage.database import Transaction


def make(
    tx: Transaction, handle: str, *, url: str, events: tuple[Event, ...], rules: AddressRules, seal: Seal, act: Act
) -> tuple[Webhook, str]:
    """A new webhook and its secret, which cannot be had again."""
    if faults := destination_faults(url, "/url", rules):
        raise invalid_payload(faults)
    if store.count(tx, handle) >= MOST_PER_HANDLE:
        raise TooManyWebhooks
    secret = new_secret()
    webhook = Webhook(
        handle=handle,
        webhook_id=new_id("whk"),
        url=urlsplit(url).geturl(),
        events=tuple(sorted(set(events))),
        sealed_secret=seal.close(secret.encode()),
        made_by=act.actor,
        made_at=act.at,
    )
    store.add(tx, webhook)
    return webhook, secret


def existing(tx: Transaction, handle: str, webhook_id: str) -> Webhook:
    webhook = store.find(tx, handle, webhook_id)
    if webhook is None:
        raise NoSuchWebhook
    return webhook


def remove(tx: Transaction, handle: str, webhook_id: str) -> None:
    existing(tx, handle, webhook_id)
    store.remove(tx, handle, webhook_id)


def redeliver(tx: Transaction, handle: str, delivery_id: str, *, act: Act) -> Delivery:
    """Due at once, under the same `webhook-id`: a receiver that has it already can tell."""
    delivery = store.find_delivery(tx, handle, delivery_id)
    if delivery is None:
        raise NoSuchDelivery
    store.ask_again(tx, handle, delivery_id, act.at)
    again = store.find_delivery(tx, handle, delivery_id)
    assert again is not None  # noqa: S101 - written just above
    return again
