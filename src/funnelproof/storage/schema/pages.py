"""Campaign pages: the draft and what is published, immutable versions, acts of publishing, links to look at drafts."""

from sqlalchemy import ForeignKeyConstraint, Index

from funnelproof.storage.schema.columns import (
    flag,
    json_column,
    key,
    maybe_text,
    maybe_whole,
    number_key,
    table,
    text,
    whole,
)

pages = table(
    "pages",
    key("handle"),
    key("campaign_id"),
    json_column("draft"),
    text("draft_slug"),
    text("draft_access_mode"),
    whole("draft_revision"),
    text("drafted_by"),
    whole("drafted_at"),
    maybe_whole("published_version"),
    maybe_text("deployment_id"),
    maybe_text("slug"),
    maybe_text("access_mode"),
    whole("last_version"),
    maybe_whole("taken_down_at"),
    whole("created_at"),
    whole("updated_at"),
    ForeignKeyConstraint(
        ["handle", "campaign_id"], ["campaigns.handle", "campaigns.campaign_id"], name="fk_pages_campaigns"
    ),
)

page_slugs = table("page_slugs", key("handle"), key("slug"), text("campaign_id"), flag("was_published"))

page_versions = table(
    "page_versions",
    key("handle"),
    key("campaign_id"),
    number_key("version"),
    json_column("content"),
    text("digest"),
    text("made_by"),
    whole("made_at"),
)

deployments = table(
    "deployments",
    key("handle"),
    key("campaign_id"),
    key("deployment_id"),
    whole("version"),
    maybe_whole("replaced_version"),
    flag("is_rollback"),
    text("published_by"),
    whole("published_at"),
    maybe_text("request_id"),
)

page_links = table(
    "page_links",
    key("handle"),
    key("link_id"),
    text("campaign_id"),
    text("kind"),
    text("made_by"),
    whole("made_at"),
    whole("expires_at"),
    maybe_whole("revoked_at"),
    maybe_text("revoked_by"),
    Index("ix_page_links_campaign", "handle", "campaign_id", "link_id"),
)
