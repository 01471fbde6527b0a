"""Campaigns, their variants, phases and history; links; the worlds in which tests run."""

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint

from funnelproof.storage.schema.columns import (
    counter,
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

campaigns = table(
    "campaigns",
    key("handle"),
    key("campaign_id"),
    text("name"),
    text("goal_type"),
    text("status"),
    text("tracking_preset"),
    text("event_type"),
    text("currency"),
    maybe_text("primary_slug"),
    text("counting_rule"),
    whole("max_per_click"),
    maybe_whole("max_value_minor"),
    flag("trusted_conversions"),
    whole("attribution_window_days"),
    whole("ctx_ttl_seconds"),
    json_column("tag_policy"),
    text("launch_policy"),
    whole("ramp_percent"),
    maybe_whole("starts_at"),
    maybe_whole("ends_at"),
    maybe_text("details_page_slug"),
    maybe_text("expected_rate"),
    maybe_text("minimum_lift"),
    whole("decision_window_days"),
    maybe_whole("embargo_until"),
    flag("include_cookieless"),
    whole("receipt_ttl_hours"),
    whole("epoch"),
    whole("phase"),
    whole("next_variant_number"),
    maybe_whole("decided_variant"),
    maybe_whole("first_active_at"),
    whole("created_at"),
    whole("updated_at"),
    whole("version"),
    maybe_whole("deleted_at"),
    flag("pause_on_fail"),
)

variants = table(
    "variants",
    key("handle"),
    key("campaign_id"),
    number_key("number"),
    text("variant_id"),
    text("name"),
    whole("weight"),
    maybe_text("destination_url"),
    flag("control"),
    flag("enabled"),
    whole("position"),
    maybe_whole("deleted_at"),
    UniqueConstraint("handle", "campaign_id", "variant_id"),
    ForeignKeyConstraint(
        ["handle", "campaign_id"], ["campaigns.handle", "campaigns.campaign_id"], name="fk_variants_campaigns"
    ),
)

phases = table(
    "phases",
    key("handle"),
    key("world"),
    key("campaign_id"),
    number_key("epoch"),
    number_key("phase"),
    whole("started_at"),
    whole("ramp_percent"),
    json_column("open_buckets"),
    text("reason"),
)

frozen_plans = table(
    "frozen_plans",
    key("handle"),
    key("campaign_id"),
    number_key("epoch"),
    maybe_text("expected_rate"),
    maybe_text("minimum_lift"),
    maybe_whole("control"),
)

campaign_history = table(
    "campaign_history",
    key("handle"),
    key("campaign_id"),
    key("entry_id"),
    whole("at"),
    text("act"),
    text("actor"),
    maybe_text("from_status"),
    maybe_text("to_status"),
    maybe_text("reason"),
    maybe_text("request_id"),
    maybe_text("health"),
    maybe_text("config_digest"),
    json_column("details"),
)

links = table(
    "links",
    key("handle"),
    key("slug"),
    text("destination_url"),
    whole("redirect_type"),
    flag("enabled"),
    maybe_text("title"),
    json_column("tags"),
    maybe_text("campaign_id"),
    json_column("tracking"),
    text("mode"),
    flag("append_ctx"),
    json_column("routing_rules"),
    maybe_whole("scheduled_start_at"),
    maybe_whole("scheduled_end_at"),
    maybe_whole("expires_at"),
    maybe_whole("max_clicks"),
    counter("used_clicks"),
    maybe_text("password_hash"),
    text("on_storage_failure"),
    maybe_whole("taken_down_at"),
    whole("created_at"),
    whole("updated_at"),
    whole("version"),
    ForeignKeyConstraint(
        ["handle", "campaign_id"], ["campaigns.handle", "campaigns.campaign_id"], name="fk_links_campaigns"
    ),
    Index("ix_links_handle_campaign_id", "handle", "campaign_id"),
)

previews = table(
    "previews",
    key("handle"),
    key("preview_id"),
    text("slug"),
    maybe_text("campaign_id"),
    whole("variant"),
    text("made_by"),
    whole("made_at"),
    whole("expires_at"),
    maybe_whole("revoked_at"),
)

worlds = table(
    "worlds",
    key("handle"),
    key("world"),
    whole("number"),
    text("campaign_id"),
    text("seed"),
    whole("clock_at"),
    json_column("snapshot"),
    whole("opened_at"),
    maybe_whole("closed_at"),
    whole("revision"),
    UniqueConstraint("handle", "number"),
)

world_numbers = table("world_numbers", key("handle"), whole("last_number"))
