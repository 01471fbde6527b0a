"""What probes of destinations found; one row a destination."""

from sqlalchemy import Index

from funnelproof.storage.schema.columns import key, maybe_whole, table, text, whole

probes = table(
    "probes",
    key("handle"),
    key("destination"),
    text("outcome"),
    text("detail"),
    text("place"),
    maybe_whole("status_code"),
    whole("hops"),
    whole("probed_at"),
    whole("failures"),
    Index("ix_probes_probed_at", "probed_at"),
)
