"""Runs keep the plan that made them."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0020"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("runs", sa.Column("plan", TEXT, nullable=True))
