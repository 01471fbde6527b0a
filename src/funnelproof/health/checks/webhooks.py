"""Do the handle's webhooks take what is sent to them?"""

from urllib.parse import urlsplit

from funnelproof.clock import iso_or_none
from funnelproof.health.check import Check, Status
from funnelproof.health.checks.words import many
from funnelproof.health.evidence import Evidence, Facts
from funnelproof.notifications.webhook import Webhook

FAILURES_WARN = 5


def webhooks(of: Evidence) -> Check | None:
    """Absent where the handle has none, and in a run."""
    if not of.webhooks:
        return None
    disabled = [own for own in of.webhooks if own.disabled_at is not None]
    failing = [own for own in of.webhooks if own.disabled_at is None and own.failures >= FAILURES_WARN]
    facts: Facts = {"n": len(of.webhooks), "webhooks": [_facts(own) for own in of.webhooks]}
    if disabled:
        title = f"{many(len(disabled), 'webhook')} disabled, so nothing is told there: {_hosts(disabled)}."
        remedy = "Make it anew once its receiver is ready (POST …/webhooks), and delete the disabled one."
        return Check("webhooks", Status.FAIL, title, facts, remedy)
    if failing:
        most = max(own.failures for own in failing)
        title = f"{most} attempts in a row were not accepted: {_hosts(failing)}."
        remedy = "GET …/webhooks/{webhookId}/deliveries tells what was answered; try it with POST …/test."
        return Check("webhooks", Status.WARN, title, facts, remedy)
    title = f"No webhook has failed {FAILURES_WARN} times in a row; {many(len(of.webhooks), 'webhook')} looked at."
    return Check("webhooks", Status.PASS, title, facts)


def _facts(own: Webhook) -> Facts:
    return {
        "webhookId": own.webhook_id,
        "host": _host(own),
        "failuresInARow": own.failures,
        "disabledAt": iso_or_none(own.disabled_at),
        "disabledReason": own.disabled_reason,
    }


def _hosts(some: list[Webhook]) -> str:
    return ", ".join(sorted({_host(own) for own in some}))


def _host(own: Webhook) -> str:
    """Without path and query, where receivers keep what nobody else should see."""
    return urlsplit(own.url).hostname or ""
