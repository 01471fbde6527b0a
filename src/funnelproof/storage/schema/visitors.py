"""Visitors who log in to a handle's pages: accounts, links that were mailed, sessions."""

from sqlalchemy import Index, UniqueConstraint

from funnelproof.storage.schema.columns import key, maybe_whole, table, text, whole

visitor_accounts = table(
    "visitor_accounts",
    key("handle"),
    key("account_id"),
    text("email"),
    whole("created_at"),
    whole("last_login_at"),
    UniqueConstraint("handle", "email"),
)

magic_links = table(
    "magic_links",
    key("handle"),
    key("token_hash"),
    text("email"),
    text("nonce_hash"),
    text("return_to"),
    whole("made_at"),
    whole("expires_at"),
    maybe_whole("used_at"),
    Index("ix_magic_links_email", "handle", "email", "made_at"),
)

visitor_sessions = table(
    "visitor_sessions",
    key("handle"),
    key("session_hash"),
    text("account_id"),
    whole("made_at"),
    whole("expires_at"),
    Index("ix_visitor_sessions_account", "handle", "account_id"),
)
