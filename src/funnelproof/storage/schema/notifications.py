"""Webhooks, what was or will be sent to them, and clicks that wait to be told together."""

from sqlalchemy import Index

from funnelproof.storage.schema.columns import json_column, key, maybe_text, maybe_whole, table, text, whole

webhooks = table(
    "webhooks",
    key("handle"),
    key("webhook_id"),
    text("url"),
    json_column("events"),
    text("sealed_secret"),
    text("made_by"),
    whole("made_at"),
    maybe_whole("disabled_at"),
    maybe_text("disabled_reason"),
    whole("failures"),
)

deliveries = table(
    "deliveries",
    key("handle"),
    key("delivery_id"),
    text("webhook_id"),
    text("event"),
    text("body"),
    whole("made_at"),
    maybe_whole("due_at"),
    text("state"),
    whole("attempts"),
    maybe_whole("attempted_at"),
    maybe_whole("status_code"),
    maybe_text("answer"),
    Index("ix_deliveries_due", "handle", "webhook_id", "due_at"),
    Index("ix_deliveries_list", "handle", "webhook_id", "delivery_id"),
    Index("ix_deliveries_made_at", "made_at"),
)

clicks_to_tell = table(
    "clicks_to_tell",
    key("handle"),
    key("click_id"),
    whole("at"),
    text("told"),
    clustered=True,
)
