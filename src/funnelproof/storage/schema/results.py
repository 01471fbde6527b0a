"""What was seen of a test while it ran: each change of its verdict, and alarms about its split."""

from funnelproof.storage.schema.columns import json_column, key, maybe_text, maybe_whole, number_key, table, text, whole

looks = table(
    "looks",
    key("handle"),
    key("campaign_id"),
    number_key("epoch"),
    number_key("number"),
    whole("at"),
    text("code"),
    json_column("counts"),
)

sample_ratio_alarms = table(
    "sample_ratio_alarms",
    key("handle"),
    key("campaign_id"),
    number_key("epoch"),
    number_key("phase"),
    whole("raised_at"),
    json_column("evidence"),
    maybe_whole("closed_at"),
    maybe_text("closed_by"),
    maybe_text("reason"),
)
