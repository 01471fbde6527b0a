"""Runs of conversion tests and the receipts they leave, one row a variant."""

from sqlalchemy import Index

from funnelproof.storage.schema.columns import (
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

runs = table(
    "runs",
    key("handle"),
    key("run_id"),
    text("campaign_id"),
    text("state"),
    text("seed"),
    text("started_by"),
    whole("started_at"),
    maybe_whole("finished_at"),
    maybe_text("verdict"),
    text("config_digest"),
    json_column("configuration"),
    maybe_text("fingerprint"),
    flag("opens_gate"),
    json_column("steps"),
    maybe_text("request_id"),
    Index("ix_runs_campaign", "handle", "campaign_id", "run_id"),
)

receipts = table(
    "receipts",
    key("handle"),
    key("campaign_id"),
    number_key("variant"),
    key("run_id"),
    text("verdict"),
    text("config_digest"),
    whole("finished_at"),
)
