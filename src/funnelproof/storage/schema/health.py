"""The light of each campaign as it was last seen, and every change of it and of its checks."""

from funnelproof.storage.schema.columns import json_column, key, maybe_text, maybe_whole, number_key, table, text, whole

health_lights = table(
    "health_lights",
    key("handle"),
    key("campaign_id"),
    text("status"),
    whole("score"),
    text("config_digest"),
    whole("checked_at"),
    whole("moved"),
    json_column("checks"),
    json_column("waiting"),
    clustered=True,
)

health_changes = table(
    "health_changes",
    key("handle"),
    key("campaign_id"),
    number_key("at"),
    maybe_text("from_status"),
    text("to_status"),
    maybe_whole("score"),
    maybe_text("config_digest"),
    maybe_text("launch_policy"),
    json_column("freshness"),
    clustered=True,
)

check_changes = table(
    "check_changes",
    key("handle"),
    key("campaign_id"),
    key("check_id"),
    number_key("at"),
    maybe_text("from_status"),
    maybe_text("to_status"),
    maybe_text("title"),
    maybe_text("remedy"),
    json_column("evidence"),
    clustered=True,
)
