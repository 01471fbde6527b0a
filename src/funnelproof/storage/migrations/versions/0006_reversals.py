"""Reversals; what they leave in the ledger, the tallies of a test and the seals"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.text("status = 'WAITING'")
COUNTERS = (
    ("ledger", "refunds"),
    ("ledger", "test_refunds"),
    ("phase_tallies", "refunded_converters"),
    ("phase_tallies", "reversed_minor"),
    ("seals", "reversals"),
    ("sealed_sums", "refunds"),
    ("sealed_sums", "test_refunds"),
    ("sealed_sums", "test_reversed"),
)


def upgrade() -> None:
    _add_reversals()
    _add_indexes()
    for table, name in COUNTERS:
        op.add_column(table, sa.Column(name, WHOLE, server_default="0", nullable=False))
    if _is_distributed():
        op.execute("SELECT create_distributed_table('reversals', 'handle', colocate_with => 'conversions')")


def _add_reversals() -> None:
    op.create_table(
        "reversals",
        *(_text(name) for name in ("handle", "world", "reversal_id", "idempotency_key", "status")),
        _maybe_text("note"),
        _maybe_text("conversion_id"),
        _text("conversion_key"),
        _maybe_text("told_amount"),
        sa.Column("amount_minor", WHOLE, nullable=True),
        _maybe_text("currency"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("counted", "in_test", "credited")),
        _text("campaign_id"),
        _text("visitor"),
        sa.Column("variant", WHOLE, nullable=False),
        *(_text(name) for name in ("slug", "country", "device", "referrer", "source", "segment")),
        *(sa.Column(name, WHOLE, nullable=False) for name in ("occurred_at", "counts_at", "received_at")),
        _maybe_text("reason"),
        _maybe_text("request_id"),
        sa.PrimaryKeyConstraint("handle", "world", "reversal_id", name=op.f("pk_reversals")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def _maybe_text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=True)


def _add_indexes() -> None:
    op.create_index("ix_reversals_conversion", "reversals", ["handle", "world", "conversion_id"])
    op.create_index("ix_reversals_campaign", "reversals", ["handle", "world", "campaign_id", "reversal_id"])
    op.create_index("ix_reversals_day", "reversals", ["handle", "world", "counts_at"])
    for name, column in (("ix_reversals_awaiting", "conversion_key"), ("ix_reversals_waiting", "received_at")):
        columns = ["handle", "world", column]
        op.create_index(name, "reversals", columns, sqlite_where=WAITING, postgresql_where=WAITING)


def _is_distributed() -> bool:
    """Whether Citus spreads the conversions over several machines."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return False
    if bind.execute(sa.text("SELECT to_regclass('pg_dist_partition')")).scalar_one() is None:
        return False
    statement = "SELECT count(*) FROM pg_dist_partition WHERE logicalrelid = 'conversions'::regclass"
    return bool(bind.execute(sa.text(statement)).scalar_one())
