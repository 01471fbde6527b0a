"""A key keeps what became of its conversion when retention deletes that."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("conversion_keys", sa.Column("disposition", TEXT, nullable=True))
    op.add_column("conversion_keys", sa.Column("occurred_at", WHOLE, nullable=True))
