"""The tag policy of each handle that has written one."""

from funnelproof.storage.schema.columns import json_column, key, table, text, whole

tag_policies = table(
    "tag_policies",
    key("handle"),
    json_column("policy"),
    whole("version"),
    whole("updated_at"),
    text("updated_by"),
    clustered=True,
)
