"""Campaigns that are paused when their health falls to FAIL."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("pause_on_fail", sa.Integer(), nullable=False, server_default="0"))
