"""What the rows of running tests told when they were last read: slices, and counters that differ"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "inspections",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("epoch", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("moved", WHOLE, nullable=False),
        sa.Column("slices", sa.Text(), nullable=True),
        sa.Column("miscounts", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("handle", "campaign_id", "epoch", name=op.f("pk_inspections")),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
