"""Who is told by mail or chat, and what they have yet to be told."""

from sqlalchemy import Index

from funnelproof.storage.schema.columns import json_column, key, maybe_text, maybe_whole, table, text, whole

alerts = table(
    "alerts",
    key("handle"),
    json_column("mails"),
    maybe_text("sealed_chat"),
    json_column("kinds"),
    whole("updated_at"),
    text("updated_by"),
    maybe_text("week_told"),
    maybe_whole("sent_at"),
    maybe_whole("failed_at"),
    maybe_text("failure"),
    clustered=True,
)

alert_notes = table(
    "alert_notes",
    key("handle"),
    key("kind"),
    key("campaign_id"),
    json_column("told"),
    whole("noted_at"),
    maybe_whole("due_at"),
    whole("attempts"),
    maybe_whole("sent_at"),
    Index("ix_alert_notes_due_at", "due_at"),
    clustered=True,
)
