"""A webhook, its events, the schedule of attempts, and the signature of Standard Webhooks."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from funnelproof.clock import DAY, HOUR, MINUTE, SECOND, Micros
from funnelproof.errors import NotFound, Problem

PREFIX = "whsec_"
MOST_PER_HANDLE = 20
SCHEDULE: tuple[Micros, ...] = (
    0,
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
"""How long to wait before each attempt, counted from the one before."""
KEPT_FOR: Micros = 30 * DAY


class Event(StrEnum):
    """What a webhook can subscribe to."""

    LINK_CLICKED = "link.clicked"
    CONVERSION_RECORDED = "conversion.recorded"
    CONVERSION_REVERSED = "conversion.reversed"
    LEAD_CAPTURED = "lead.captured"
    STATUS_CHANGED = "campaign.status_changed"
    LAUNCH_BLOCKED = "campaign.launch_blocked"
    HEALTH_CHANGED = "campaign.health_changed"
    VERDICT_CHANGED = "campaign.verdict_changed"
    DECIDED = "campaign.decided"
    PAGE_PUBLISHED = "page.published"
    TEST_COMPLETED = "test.completed"


TEST = "webhook.test"
"""Sent when somebody tries a webhook out; nobody subscribes to it."""


class State(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class NoSuchWebhook(NotFound):
    """This handle has no webhook of that id. `GET …/webhooks` lists them."""


class NoSuchDelivery(NotFound):
    """This handle has no delivery of that id. They are kept for 30 days."""


class TooManyWebhooks(Problem):
    """A handle has twenty webhooks at the most. Delete one that is no longer needed."""

    kind, code, title = "conflict", "too_many_webhooks", "Too many webhooks"


@dataclass(frozen=True, slots=True)
class Webhook:
    """`sealed_secret` opens with the installation's seal. `failures`: those since the last that held."""

    handle: str
    webhook_id: str
    url: str
    events: tuple[str, ...]
    sealed_secret: str
    made_by: str
    made_at: Micros
    disabled_at: Micros | None = None
    disabled_reason: str | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. `due_at` is None once nothing more will be tried."""

    handle: str
    delivery_id: str
    webhook_id: str
    event: str
    body: str
    made_at: Micros
    due_at: Micros | None
    state: str = State.PENDING
    attempts: int = 0
    attempted_at: Micros | None = None
    status_code: int | None = None
    answer: str | None = None


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def signature(secret: str, *, message_id: str, at_seconds: int, body: str) -> str:
    """`v1,…`: HMAC-SHA256 over id, time and body, as standardwebhooks.com describes it."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{at_seconds}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def verifies(secret: str, headers: Mapping[str, str], body: str) -> bool:
    """What a receiver does with the three headers and the body, before it believes them."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    own = hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), signed, "sha256")
    told = [part.partition(",") for part in headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(base64.b64decode(mark), own) for version, _, mark in told)


def next_due(attempts: int, now: Micros, *, retry_after: Micros | None, chance: float) -> Micros | None:
    """When to try again after so many attempts; None if that was the last. `chance` in [0, 1) spreads by a tenth."""
    if attempts >= len(SCHEDULE):
        return None
    wait = SCHEDULE[attempts]
    wait += int(wait * chance / 10)
    return now + max(wait, min(retry_after or 0, DAY))
