"""What retention leaves of the rows it deletes: a seal for each local day, and what they came to for each visitor.

`sums` holds, by campaign, the day's event counters and a digest of all its tallies; `clicks`, `conversions` and
`reversals` count rows. `sealed_sums` has the form in which visitors' conversions and reversals are added up: `money`
is a currency, or empty.
"""

from sqlalchemy import Index
from sqlalchemy import text as sql

from funnelproof.storage.schema.columns import counter, json_column, key, maybe_whole, table, whole

seals = table(
    "seals",
    key("handle"),
    key("world"),
    key("day"),
    json_column("sums"),
    whole("clicks"),
    whole("conversions"),
    maybe_whole("last_received_at"),
    whole("sealed_at"),
    maybe_whole("emptied_at"),
    counter("reversals"),
    Index(
        "ix_seals_full",
        "handle",
        "world",
        "day",
        sqlite_where=sql("emptied_at IS NULL"),
        postgresql_where=sql("emptied_at IS NULL"),
    ),
    clustered=True,
)

sealed_sums = table(
    "sealed_sums",
    key("handle"),
    key("world"),
    key("campaign_id"),
    key("visitor"),
    key("money"),
    counter("credited"),
    counter("in_test"),
    counter("gross"),
    counter("test_net"),
    counter("refunds"),
    counter("test_refunds"),
    counter("test_reversed"),
    clustered=True,
)
