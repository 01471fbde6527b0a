"""Tag policies"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tag_policies",
        sa.Column("handle", TEXT, nullable=False),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.Column("updated_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_tag_policies")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
