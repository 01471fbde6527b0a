"""Campaign pages"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=nullable)


def whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, WHOLE, nullable=nullable, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "pages",
        text("handle"),
        text("campaign_id"),
        sa.Column("draft", sa.Text(), nullable=True),
        text("draft_slug"),
        text("draft_access_mode"),
        whole("draft_revision"),
        text("drafted_by"),
        whole("drafted_at"),
        whole("published_version", nullable=True),
        text("deployment_id", nullable=True),
        text("slug", nullable=True),
        text("access_mode", nullable=True),
        whole("last_version"),
        whole("created_at"),
        whole("updated_at"),
        sa.ForeignKeyConstraint(
            ["handle", "campaign_id"], ["campaigns.handle", "campaigns.campaign_id"], name="fk_pages_campaigns"
        ),
        sa.PrimaryKeyConstraint("handle", "campaign_id", name=op.f("pk_pages")),
        sqlite_strict=True,
    )
    op.create_table(
        "page_slugs",
        text("handle"),
        text("slug"),
        text("campaign_id"),
        sa.Column("was_published", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("handle", "slug", name=op.f("pk_page_slugs")),
        sqlite_strict=True,
    )
    op.create_table(
        "page_versions",
        text("handle"),
        text("campaign_id"),
        whole("version"),
        sa.Column("content", sa.Text(), nullable=True),
        text("digest"),
        text("made_by"),
        whole("made_at"),
        sa.PrimaryKeyConstraint("handle", "campaign_id", "version", name=op.f("pk_page_versions")),
        sqlite_strict=True,
    )
    op.create_table(
        "deployments",
        text("handle"),
        text("campaign_id"),
        text("deployment_id"),
        whole("version"),
        whole("replaced_version", nullable=True),
        sa.Column("is_rollback", sa.Integer(), nullable=False),
        text("published_by"),
        whole("published_at"),
        text("request_id", nullable=True),
        sa.PrimaryKeyConstraint("handle", "campaign_id", "deployment_id", name=op.f("pk_deployments")),
        sqlite_strict=True,
    )
    op.create_table(
        "page_links",
        text("handle"),
        text("link_id"),
        text("campaign_id"),
        text("kind"),
        text("made_by"),
        whole("made_at"),
        whole("expires_at"),
        whole("revoked_at", nullable=True),
        text("revoked_by", nullable=True),
        sa.PrimaryKeyConstraint("handle", "link_id", name=op.f("pk_page_links")),
        sqlite_strict=True,
    )
    op.create_index("ix_page_links_campaign", "page_links", ["handle", "campaign_id", "link_id"])
