"""The outbox: what happened is written down for each webhook in the transaction in which it happened."""

from collections.abc import Iterable, Mapping, Sequence

from funnelproof.clock import Micros, iso
from funnelproof.ids import new_id
from funnelproof.notifications import people, store
from funnelproof.notifications.webhook import MOST_PER_HANDLE, Delivery, Event, Webhook
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema.columns import json_text

FOR_PEOPLE = {
    Event.HEALTH_CHANGED: people.Kind.HEALTH,
    Event.VERDICT_CHANGED: people.Kind.VERDICT,
    Event.LAUNCH_BLOCKED: people.Kind.LAUNCH,
}


def announce(tx: Transaction, handle: str, event: Event, facts: Sequence[Mapping[str, object]], *, at: Micros) -> None:
    """One delivery for each fact and subscription. Without a subscription nothing is written."""
    if facts and (to := subscribed(tx, handle, event)):
        write_down(tx, to, event, [(fact, at) for fact in facts])
    if event in FOR_PEOPLE:
        for fact in facts:
            people.note(tx, handle, FOR_PEOPLE[event], str(fact["campaignId"]), fact, at=at)


def write_down(
    tx: Transaction, to: Sequence[Webhook], event: Event, told: Sequence[tuple[Mapping[str, object], Micros]]
) -> None:
    """Each fact with its time, for each of these webhooks."""
    store.add_deliveries(tx, [delivery(webhook, event, fact, at=at) for fact, at in told for webhook in to])


def subscribed(tx: Transaction, handle: str, event: Event) -> list[Webhook]:
    """Webhooks that still answer and want this event."""
    every = store.of_handle(tx, handle, limit=MOST_PER_HANDLE)
    return [webhook for webhook in every if webhook.disabled_at is None and event in webhook.events]


def wanted_events(webhooks: Iterable[Webhook]) -> list[str]:
    """What they ask for, sorted; also one that was disabled: nobody has changed what is wanted."""
    return sorted({event for webhook in webhooks for event in webhook.events})


def delivery(webhook: Webhook, event: str, fact: Mapping[str, object], *, at: Micros) -> Delivery:
    body = json_text({"type": event, "timestamp": iso(at), "data": {"handle": webhook.handle, **fact}})
    return Delivery(webhook.handle, new_id("dlv"), webhook.webhook_id, event, body, made_at=at, due_at=at)
