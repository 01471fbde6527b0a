"""What belongs to the whole installation: keys, salts, leases, the change counters."""

from funnelproof.storage.schema.columns import key, maybe_whole, table, text, whole

ring_keys = table(
    "ring_keys",
    key("purpose"),
    key("key_id"),
    text("sealed"),
    whole("announced_at"),
    whole("signs_from"),
    maybe_whole("retired_at"),
)

day_salts = table("day_salts", key("day"), text("sealed"), whole("made_at"))

leases = table("leases", key("name"), text("holder"), whole("until"))

changes = table("changes", key("handle"), whole("version"), clustered=True)
