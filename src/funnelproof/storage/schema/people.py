"""People, the handles they share, and the tokens that act for them."""

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint

from funnelproof.storage.schema.columns import (
    flag,
    json_column,
    key,
    maybe_text,
    maybe_whole,
    number_key,
    table,
    text,
    whole,
)

users = table(
    "users",
    key("user_id"),
    text("email"),
    text("password_hash"),
    text("name"),
    flag("platform_operator"),
    whole("created_at"),
    UniqueConstraint("email"),
)

sessions = table(
    "sessions",
    key("session_id"),
    text("user_id"),
    text("family"),
    text("token_hash"),
    whole("issued_at"),
    whole("expires_at"),
    maybe_whole("used_at"),
    maybe_whole("revoked_at"),
    ForeignKeyConstraint(["user_id"], ["users.user_id"]),
    Index("ix_sessions_token_hash", "token_hash", unique=True),
    Index("ix_sessions_family", "family"),
)

handles = table(
    "handles",
    key("handle"),
    text("name"),
    text("time_zone"),
    text("currency"),
    text("quota_tier"),
    text("consent_default"),
    whole("retention_days"),
    whole("created_at"),
    whole("version"),
)

handle_zones = table("handle_zones", key("handle"), number_key("from_at"), text("time_zone"))

memberships = table(
    "memberships",
    key("handle"),
    key("user_id"),
    text("role"),
    whole("added_at"),
    Index("ix_memberships_user_id", "user_id"),
)

access_tokens = table(
    "access_tokens",
    key("handle"),
    key("token_id"),
    text("name"),
    text("secret_hash"),
    json_column("scopes"),
    text("made_by"),
    whole("created_at"),
    maybe_whole("expires_at"),
    maybe_whole("last_used_at"),
    maybe_whole("revoked_at"),
    maybe_text("revoked_by"),
    Index("ix_access_tokens_token_id", "token_id"),
)
