"""Support: reports, escalations, reports of abuse and what is taken down for them; what requests were"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, WHOLE, nullable=nullable, autoincrement=False)


def settled() -> list[sa.Column[str] | sa.Column[int]]:
    """How a report ended."""
    return [
        text("status"),
        text("note", nullable=True),
        text("settled_by", nullable=True),
        whole("settled_at", nullable=True),
        whole("sent_at"),
        text("request_id"),
    ]


def upgrade() -> None:
    _make_reports()
    _make_requests()
    op.add_column("links", whole("taken_down_at", nullable=True))
    op.add_column("pages", whole("taken_down_at", nullable=True))


def _make_reports() -> None:
    op.create_table(
        "support_reports",
        text("report_id"),
        text("sender"),
        text("of_handle", nullable=True),
        text("summary"),
        text("details"),
        sa.Column("artifacts", sa.Text(), nullable=True),
        *settled(),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_support_reports")),
        sqlite_strict=True,
    )
    op.create_index("ix_support_reports_status", "support_reports", ["status", "report_id"])
    op.create_table(
        "escalations",
        text("escalation_id"),
        text("sender"),
        text("report_id", nullable=True),
        text("urgency"),
        text("summary"),
        text("details"),
        *settled(),
        sa.PrimaryKeyConstraint("escalation_id", name=op.f("pk_escalations")),
        sqlite_strict=True,
    )
    op.create_index("ix_escalations_status", "escalations", ["status", "escalation_id"])
    op.create_table(
        "content_reports",
        text("report_id"),
        text("url"),
        text("category"),
        text("details"),
        text("contact", nullable=True),
        text("of_handle", nullable=True),
        text("subject", nullable=True),
        text("name", nullable=True),
        *settled(),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_content_reports")),
        sqlite_strict=True,
    )
    op.create_index("ix_content_reports_status", "content_reports", ["status", "report_id"])


def _make_requests() -> None:
    op.create_table(
        "requests",
        text("handle"),
        text("request_id"),
        text("trace_id"),
        text("caller"),
        text("method"),
        text("route"),
        text("path"),
        whole("status"),
        text("error", nullable=True),
        whole("milliseconds"),
        whole("at"),
        sa.PrimaryKeyConstraint("handle", "request_id", "trace_id", name=op.f("pk_requests")),
        sqlite_strict=True,
    )
    op.create_index("ix_requests_at", "requests", ["handle", "at"])
