"""Audit lines, kept answers, counts of writes"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNCHAINED = sa.text("hash IS NULL")


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, WHOLE, nullable=nullable, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "audit_lines",
        text("handle"),
        text("line_id"),
        whole("at"),
        text("actor"),
        text("method"),
        text("route"),
        sa.Column("objects", sa.Text(), nullable=True),
        sa.Column("asked", sa.Text(), nullable=True),
        text("request_id"),
        whole("seq", nullable=True),
        text("hash", nullable=True),
        sa.PrimaryKeyConstraint("handle", "line_id", name=op.f("pk_audit_lines")),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_lines_seq", "audit_lines", ["handle", "seq"])
    op.create_index(
        "ix_audit_lines_unchained", "audit_lines", ["line_id"], sqlite_where=UNCHAINED, postgresql_where=UNCHAINED
    )
    op.create_table(
        "kept_answers",
        text("handle"),
        text("caller"),
        text("key_hash"),
        text("digest"),
        text("request_id"),
        whole("started_at"),
        whole("status", nullable=True),
        text("body", nullable=True),
        text("location", nullable=True),
        sa.PrimaryKeyConstraint("handle", "caller", "key_hash", name=op.f("pk_kept_answers")),
        sqlite_strict=True,
    )
    op.create_index("ix_kept_answers_started", "kept_answers", ["handle", "started_at"])
    op.create_table(
        "write_counts",
        text("handle"),
        text("day"),
        sa.Column("writes", WHOLE, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("handle", "day", name=op.f("pk_write_counts")),
        sqlite_strict=True,
    )
