"""Alerts for people: who is told, and what is still to be told."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def column(name: str, kind: Any, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "alerts",
        column("handle", TEXT),
        column("mails", sa.Text(), nullable=True),
        column("sealed_chat", TEXT, nullable=True),
        column("kinds", sa.Text(), nullable=True),
        column("updated_at", WHOLE),
        column("updated_by", TEXT),
        column("week_told", TEXT, nullable=True),
        column("sent_at", WHOLE, nullable=True),
        column("failed_at", WHOLE, nullable=True),
        column("failure", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("handle", name="pk_alerts"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alert_notes",
        column("handle", TEXT),
        column("kind", TEXT),
        column("campaign_id", TEXT),
        column("told", sa.Text(), nullable=True),
        column("noted_at", WHOLE),
        column("due_at", WHOLE, nullable=True),
        column("attempts", WHOLE),
        column("sent_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("handle", "kind", "campaign_id", name="pk_alert_notes"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_alert_notes_due_at", "alert_notes", ["due_at"])
