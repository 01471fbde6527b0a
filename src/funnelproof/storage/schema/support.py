"""What support is told and does: reports, escalations, reports of abuse; and what requests were."""

from sqlalchemy import Index

from funnelproof.storage.schema.columns import json_column, key, maybe_text, maybe_whole, table, text, whole

support_reports = table(
    "support_reports",
    key("report_id"),
    text("sender"),
    maybe_text("of_handle"),
    text("summary"),
    text("details"),
    json_column("artifacts"),
    text("status"),
    maybe_text("note"),
    maybe_text("settled_by"),
    maybe_whole("settled_at"),
    whole("sent_at"),
    text("request_id"),
    Index("ix_support_reports_status", "status", "report_id"),
)

escalations = table(
    "escalations",
    key("escalation_id"),
    text("sender"),
    maybe_text("report_id"),
    text("urgency"),
    text("summary"),
    text("details"),
    text("status"),
    maybe_text("note"),
    maybe_text("settled_by"),
    maybe_whole("settled_at"),
    whole("sent_at"),
    text("request_id"),
    Index("ix_escalations_status", "status", "escalation_id"),
)

content_reports = table(
    "content_reports",
    key("report_id"),
    text("url"),
    text("category"),
    text("details"),
    maybe_text("contact"),
    maybe_text("of_handle"),
    maybe_text("subject"),
    maybe_text("name"),
    text("status"),
    maybe_text("note"),
    maybe_text("settled_by"),
    maybe_whole("settled_at"),
    whole("sent_at"),
    text("request_id"),
    Index("ix_content_reports_status", "status", "report_id"),
)

requests = table(
    "requests",
    key("handle"),
    key("request_id"),
    key("trace_id"),
    text("caller"),
    text("method"),
    text("route"),
    text("path"),
    whole("status"),
    maybe_text("error"),
    whole("milliseconds"),
    whole("at"),
    Index("ix_requests_at", "handle", "at"),
)
