"""Visitors who log in"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, WHOLE, nullable=nullable, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "visitor_accounts",
        text("handle"),
        text("account_id"),
        text("email"),
        whole("created_at"),
        whole("last_login_at"),
        sa.PrimaryKeyConstraint("handle", "account_id", name=op.f("pk_visitor_accounts")),
        sa.UniqueConstraint("handle", "email", name=op.f("uq_visitor_accounts_handle_email")),
        sqlite_strict=True,
    )
    op.create_table(
        "magic_links",
        text("handle"),
        text("token_hash"),
        text("email"),
        text("nonce_hash"),
        text("return_to"),
        whole("made_at"),
        whole("expires_at"),
        whole("used_at", nullable=True),
        sa.PrimaryKeyConstraint("handle", "token_hash", name=op.f("pk_magic_links")),
        sqlite_strict=True,
    )
    op.create_index("ix_magic_links_email", "magic_links", ["handle", "email", "made_at"])
    op.create_table(
        "visitor_sessions",
        text("handle"),
        text("session_hash"),
        text("account_id"),
        whole("made_at"),
        whole("expires_at"),
        sa.PrimaryKeyConstraint("handle", "session_hash", name=op.f("pk_visitor_sessions")),
        sqlite_strict=True,
    )
    op.create_index("ix_visitor_sessions_account", "visitor_sessions", ["handle", "account_id"])
