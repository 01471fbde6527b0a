"""Clicks by month on PostgreSQL; the seals of days whose rows were deleted"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLOCATED = "SELECT create_distributed_table('clicks', 'handle', colocate_with => 'clicks_before')"


def upgrade() -> None:
    op.create_table(
        "seals",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("world", TEXT, nullable=False),
        sa.Column("day", TEXT, nullable=False),
        sa.Column("sums", sa.Text(), nullable=True),
        sa.Column("clicks", WHOLE, nullable=False),
        sa.Column("conversions", WHOLE, nullable=False),
        sa.Column("last_received_at", WHOLE, nullable=True),
        sa.Column("sealed_at", WHOLE, nullable=False),
        sa.Column("emptied_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("handle", "world", "day", name=op.f("pk_seals")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    still_full = sa.text("emptied_at IS NULL")
    op.create_index(
        "ix_seals_full",
        "seals",
        ["handle", "world", "day"],
        unique=False,
        sqlite_where=still_full,
        postgresql_where=still_full,
    )
    op.create_table(
        "sealed_sums",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("world", TEXT, nullable=False),
        sa.Column("campaign_id", TEXT, nullable=False),
        sa.Column("visitor", TEXT, nullable=False),
        sa.Column("money", TEXT, nullable=False),
        sa.Column("credited", WHOLE, server_default="0", nullable=False),
        sa.Column("in_test", WHOLE, server_default="0", nullable=False),
        sa.Column("gross", WHOLE, server_default="0", nullable=False),
        sa.Column("test_net", WHOLE, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("handle", "world", "campaign_id", "visitor", "money", name=op.f("pk_sealed_sums")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        _partition_clicks()


def _partition_clicks() -> None:
    """The table that was there becomes the partition of all that came before: no row is copied."""
    op.execute("ALTER TABLE clicks RENAME TO clicks_before")
    op.execute("ALTER TABLE clicks_before RENAME CONSTRAINT pk_clicks TO pk_clicks_before")
    op.execute("CREATE TABLE clicks (LIKE clicks_before INCLUDING DEFAULTS) PARTITION BY RANGE (click_id)")
    op.execute("ALTER TABLE clicks ADD CONSTRAINT pk_clicks PRIMARY KEY (handle, world, click_id)")
    if _is_distributed():
        op.execute(COLOCATED)
    op.execute("CREATE TABLE clicks_rest PARTITION OF clicks DEFAULT")
    month = _keep_what_was_there()
    for _ in range(4):
        _make_partition(month)
        month = _month_after(month)


def _keep_what_was_there() -> datetime:
    """The month from which on clicks have partitions of their own."""
    now = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    newest = op.get_bind().execute(sa.text("SELECT max(click_id) FROM clicks_before")).scalar_one()
    if newest is None:
        op.execute("DROP TABLE clicks_before")
        return now
    month = _month_after(now)
    while _bound(month) <= newest and month.year < now.year + 10:
        month = _month_after(month)
    op.execute(f"ALTER TABLE clicks ATTACH PARTITION clicks_before FOR VALUES FROM (MINVALUE) TO ('{_bound(month)}')")
    return month


def _make_partition(month: datetime) -> None:
    span = f"FROM ('{_bound(month)}') TO ('{_bound(_month_after(month))}')"
    op.execute(f"CREATE TABLE clicks_{month:%Y_%m} PARTITION OF clicks FOR VALUES {span}")


def _month_after(month: datetime) -> datetime:
    return (month + timedelta(days=31)).replace(day=1)


def _bound(month: datetime) -> str:
    """Click ids begin with 48 bits of Unix milliseconds in hex, so they sort by time."""
    return f"clk_{int(month.timestamp()) * 1000:012x}"


def _is_distributed() -> bool:
    """Whether Citus spreads the rows of this table over several machines."""
    bind = op.get_bind()
    if bind.execute(sa.text("SELECT to_regclass('pg_dist_partition')")).scalar_one() is None:
        return False
    statement = "SELECT count(*) FROM pg_dist_partition WHERE logicalrelid = 'clicks_before'::regclass"
    return bool(bind.execute(sa.text(statement)).scalar_one())
