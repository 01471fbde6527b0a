"""The three counters: by local day and dimension, by phase and variant, by quarter hour UTC.

Each key ends with `slot`, the number of the worker that moved it, so that workers do not queue on one row; reads sum.
"""

from funnelproof.storage.schema.columns import counter, key, number_key, table

day_tallies = table(
    "day_tallies",
    key("handle"),
    key("world"),
    key("campaign_id"),
    key("dimension"),
    key("day"),
    key("value"),
    key("currency"),
    number_key("slot"),
    counter("clicks"),
    counter("qualified_clicks"),
    counter("bot_clicks"),
    counter("visitors"),
    counter("conversions"),
    counter("converters"),
    counter("refunded_converters"),
    counter("page_views"),
    counter("cta_clicks"),
    counter("gross_minor"),
    counter("net_minor"),
    clustered=True,
)

phase_tallies = table(
    "phase_tallies",
    key("handle"),
    key("world"),
    key("campaign_id"),
    number_key("epoch"),
    number_key("phase"),
    number_key("variant"),
    key("cohort"),
    key("identity"),
    key("currency"),
    number_key("slot"),
    counter("visitors"),
    counter("arrived"),
    counter("converters"),
    counter("conversions"),
    counter("net_minor"),
    counter("squares_high"),
    counter("squares_low"),
    counter("refunded_converters"),
    counter("reversed_minor"),
    clustered=True,
)

quarter_tallies = table(
    "quarter_tallies",
    key("handle"),
    key("world"),
    key("campaign_id"),
    number_key("quarter"),
    key("subject"),
    key("name"),
    number_key("slot"),
    counter("amount"),
    clustered=True,
)
