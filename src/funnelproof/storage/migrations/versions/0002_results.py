"""Plans frozen at the first entry, looks at results, alarms about the split"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "frozen_plans",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("epoch", WHOLE, autoincrement=False, nullable=False),
        sa.Column("expected_rate", TEXT, nullable=True),
        sa.Column("minimum_lift", TEXT, nullable=True),
        sa.Column("control", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("handle", "campaign_id", "epoch", name=op.f("pk_frozen_plans")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "looks",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("epoch", WHOLE, autoincrement=False, nullable=False),
        sa.Column("number", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("handle", "campaign_id", "epoch", "number", name=op.f("pk_looks")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "sample_ratio_alarms",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("epoch", WHOLE, autoincrement=False, nullable=False),
        sa.Column("phase", WHOLE, autoincrement=False, nullable=False),
        sa.Column("raised_at", WHOLE, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("closed_at", WHOLE, nullable=True),
        sa.Column("closed_by", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("handle", "campaign_id", "epoch", "phase", name=op.f("pk_sample_ratio_alarms")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
