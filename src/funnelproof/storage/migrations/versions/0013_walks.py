"""Walks"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, WHOLE, nullable=nullable, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "walks",
        text("handle"),
        text("walk_id"),
        text("campaign_id"),
        whole("variant"),
        text("slug"),
        text("config_digest"),
        sa.Column("configuration", sa.Text(), nullable=True),
        text("made_by"),
        whole("made_at"),
        text("request_id", nullable=True),
        text("nonce_hash", nullable=True),
        whole("opened_at", nullable=True),
        whole("returned_at", nullable=True),
        sa.Column("returned", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("handle", "walk_id", name=op.f("pk_walks")),
        sqlite_strict=True,
    )
    op.create_index("ix_walks_campaign", "walks", ["handle", "campaign_id", "walk_id"])
    op.create_index("ix_walks_made_at", "walks", ["made_at"])
