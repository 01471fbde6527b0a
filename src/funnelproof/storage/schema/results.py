"""What was seen of a test: changes of its verdict, alarms about its split, what its rows told, how it was decided."""

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

decisions = table(
    "decisions",
    key("handle"),
    key("campaign_id"),
    number_key("epoch"),
    whole("variant"),
    text("reason"),
    whole("decided_at"),
    text("decided_by"),
    maybe_text("request_id"),
    text("digest"),
    json_column("results"),
    maybe_whole("undone_at"),
    maybe_text("undone_by"),
)

inspections = table(
    "inspections",
    key("handle"),
    key("campaign_id"),
    number_key("epoch"),
    whole("at"),
    whole("moved"),
    json_column("slices"),
    json_column("miscounts"),
)
