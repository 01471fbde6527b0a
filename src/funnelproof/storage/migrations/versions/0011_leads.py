"""Leads"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def whole(name: str) -> sa.Column[int]:
    return sa.Column(name, WHOLE, nullable=False, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "leads",
        text("handle"),
        text("world"),
        text("lead_key"),
        text("digest"),
        text("lead_id"),
        text("campaign_id"),
        text("form_id"),
        sa.Column("fields", sa.Text(), nullable=True),
        text("email", nullable=True),
        whole("variant"),
        text("slug", nullable=True),
        text("click_id", nullable=True),
        text("visitor", nullable=True),
        text("conversion_id", nullable=True),
        text("not_converted", nullable=True),
        whole("captured_at"),
        text("request_id"),
        sa.PrimaryKeyConstraint("handle", "world", "lead_key", name=op.f("pk_leads")),
        sqlite_strict=True,
    )
    op.create_index("ix_leads_time", "leads", ["handle", "lead_id"])
    op.create_index("ix_leads_campaign", "leads", ["handle", "campaign_id", "lead_id"])
    op.create_index("ix_leads_email", "leads", ["handle", "email"])
