"""Changes of checks beside those of lights, what waits to hold, clicks that are told together; the audit by time"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, WHOLE, nullable=nullable, autoincrement=False)


def upgrade() -> None:
    for name in ("checks", "waiting"):
        op.add_column("health_lights", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("health_changes", whole("score", nullable=True))
    op.add_column("health_changes", text("config_digest", nullable=True))
    op.add_column("health_changes", text("launch_policy", nullable=True))
    op.add_column("health_changes", sa.Column("freshness", sa.Text(), nullable=True))
    op.create_table(
        "check_changes",
        text("handle"),
        text("campaign_id"),
        text("check_id"),
        whole("at"),
        text("from_status", nullable=True),
        text("to_status", nullable=True),
        text("title", nullable=True),
        text("remedy", nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("handle", "campaign_id", "check_id", "at", name=op.f("pk_check_changes")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "clicks_to_tell",
        text("handle"),
        text("click_id"),
        whole("at"),
        text("told"),
        sa.PrimaryKeyConstraint("handle", "click_id", name=op.f("pk_clicks_to_tell")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_audit_lines_at", "audit_lines", ["handle", "at"])
