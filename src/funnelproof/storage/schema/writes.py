"""What stands beside every write of the control plane: who did it, what was answered, how many there were today."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from funnelproof.storage.schema.columns import counter, json_column, key, maybe_text, maybe_whole, table, text, whole

audit_lines = table(
    "audit_lines",
    key("handle"),
    key("line_id"),
    whole("at"),
    text("actor"),
    text("method"),
    text("route"),
    json_column("objects"),
    json_column("asked"),
    text("request_id"),
    maybe_whole("seq"),
    maybe_text("hash"),
    Index("ix_audit_lines_seq", "handle", "seq"),
    Index("ix_audit_lines_at", "handle", "at"),
    Index(
        "ix_audit_lines_unchained",
        "line_id",
        sqlite_where=sql("hash IS NULL"),
        postgresql_where=sql("hash IS NULL"),
    ),
)

kept_answers = table(
    "kept_answers",
    key("handle"),
    key("caller"),
    key("key_hash"),
    text("digest"),
    text("request_id"),
    whole("started_at"),
    maybe_whole("status"),
    maybe_text("body"),
    maybe_text("location"),
    Index("ix_kept_answers_started", "handle", "started_at"),
)

write_counts = table("write_counts", key("handle"), key("day"), counter("writes"))
