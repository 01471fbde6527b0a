"""What probes of destinations found."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "probes",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("status_code", WHOLE, nullable=True),
        sa.Column("hops", WHOLE, nullable=False),
        sa.Column("probed_at", WHOLE, nullable=False),
        sa.Column("failures", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("handle", "destination", name="pk_probes"),
        sqlite_strict=True,
    )
    op.create_index("ix_probes_probed_at", "probes", ["probed_at"])
