"""The light of each campaign as it was last seen, and every change of it."""

from funnelproof.storage.schema.columns import key, maybe_text, number_key, table, text, whole

health_lights = table(
    "health_lights",
    key("handle"),
    key("campaign_id"),
    text("status"),
    whole("score"),
    text("config_digest"),
    whole("checked_at"),
    whole("moved"),
    clustered=True,
)

health_changes = table(
    "health_changes",
    key("handle"),
    key("campaign_id"),
    number_key("at"),
    maybe_text("from_status"),
    text("to_status"),
    clustered=True,
)
