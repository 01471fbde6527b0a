"""Lights as they were last seen and their changes; indexes of conversions that were set aside"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ASIDE = sa.text("disposition <> 'COUNTED'")


def upgrade() -> None:
    op.create_table(
        "health_lights",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("score", WHOLE, nullable=False),
        sa.Column("config_digest", TEXT, nullable=False),
        sa.Column("checked_at", WHOLE, nullable=False),
        sa.Column("moved", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("handle", "campaign_id", name=op.f("pk_health_lights")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "health_changes",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("at", WHOLE, autoincrement=False, nullable=False),
        sa.Column("from_status", TEXT, nullable=True),
        sa.Column("to_status", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("handle", "campaign_id", "at", name=op.f("pk_health_changes")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    for name, columns in (
        ("ix_conversions_aside", ["handle", "world", "disposition", "conversion_id"]),
        ("ix_conversions_campaign_aside", ["handle", "world", "campaign_id", "disposition", "conversion_id"]),
    ):
        op.create_index(name, "conversions", columns, sqlite_where=ASIDE, postgresql_where=ASIDE)
