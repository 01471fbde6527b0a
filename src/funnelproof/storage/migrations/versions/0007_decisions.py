"""Decisions on a test with the results they froze; links that preview a variant"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("epoch", WHOLE, autoincrement=False, nullable=False),
        sa.Column("variant", WHOLE, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("decided_at", WHOLE, nullable=False),
        sa.Column("decided_by", TEXT, nullable=False),
        sa.Column("request_id", TEXT, nullable=True),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("results", sa.Text(), nullable=True),
        sa.Column("undone_at", WHOLE, nullable=True),
        sa.Column("undone_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("handle", "campaign_id", "epoch", name=op.f("pk_decisions")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "previews",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("preview_id", TEXT, nullable=False),
        sa.Column("slug", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=True),
        sa.Column("variant", WHOLE, nullable=False),
        sa.Column("made_by", TEXT, nullable=False),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.Column("expires_at", WHOLE, nullable=False),
        sa.Column("revoked_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("handle", "preview_id", name=op.f("pk_previews")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
