"""`webhooks`: do those who want to hear of the handle's events hear of them?"""

from urllib.parse import urlsplit

from funnelproof.health.check import Check, Status
from funnelproof.health.checks.words import many
from funnelproof.health.evidence import Evidence, Facts
from funnelproof.notifications.webhook import Webhook

FAILING = 5


def webhooks(of: Evidence) -> Check | None:
    """Subscriptions of the whole handle; None where there is none."""
    if not of.webhooks:
        return None
    disabled = [own for own in of.webhooks if own.disabled_at is not None]
    failing = [own for own in of.webhooks if own.disabled_at is None and own.failures >= FAILING]
    facts: Facts = {"n": len(of.webhooks), "disabled": _told(disabled), "failing": _told(failing)}
    if disabled:
        first = disabled[0]
        title = f"Nothing is sent to {_host(first)} any more: {first.disabled_reason or 'it was disabled.'}"
        remedy = "Mend the receiver, delete the webhook and make it anew; or delete it if nobody listens."
        return Check("webhooks", Status.FAIL, title, facts, remedy)
    if failing:
        worst = max(failing, key=lambda own: own.failures)
        title = f"{_host(worst)} has not taken the last {worst.failures} attempts."
        remedy = "GET …/webhooks/{webhookId}/deliveries shows what it answered; POST …/test tries it now."
        return Check("webhooks", Status.WARN, title, facts, remedy)
    return Check("webhooks", Status.PASS, f"Nothing stands in the way of {many(len(of.webhooks), 'webhook')}.", facts)


def _told(some: list[Webhook]) -> list[dict[str, object]]:
    """Without their addresses, which may hold a secret."""
    return [{"webhookId": own.webhook_id, "host": _host(own), "failures": own.failures} for own in some]


def _host(own: Webhook) -> str:
    return urlsplit(own.url).hostname or own.webhook_id
