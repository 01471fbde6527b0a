"""Webhooks and their deliveries"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, WHOLE, nullable=nullable, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        text("handle"),
        text("webhook_id"),
        text("url"),
        sa.Column("events", sa.Text(), nullable=True),
        text("sealed_secret"),
        text("made_by"),
        whole("made_at"),
        whole("disabled_at", nullable=True),
        text("disabled_reason", nullable=True),
        whole("failures"),
        sa.PrimaryKeyConstraint("handle", "webhook_id", name=op.f("pk_webhooks")),
        sqlite_strict=True,
    )
    op.create_table(
        "deliveries",
        text("handle"),
        text("delivery_id"),
        text("webhook_id"),
        text("event"),
        text("body"),
        whole("made_at"),
        whole("due_at", nullable=True),
        text("state"),
        whole("attempts"),
        whole("attempted_at", nullable=True),
        whole("status_code", nullable=True),
        text("answer", nullable=True),
        sa.PrimaryKeyConstraint("handle", "delivery_id", name=op.f("pk_deliveries")),
        sqlite_strict=True,
    )
    op.create_index("ix_deliveries_due", "deliveries", ["handle", "webhook_id", "due_at"])
    op.create_index("ix_deliveries_list", "deliveries", ["handle", "webhook_id", "delivery_id"])
    op.create_index("ix_deliveries_made_at", "deliveries", ["made_at"])
