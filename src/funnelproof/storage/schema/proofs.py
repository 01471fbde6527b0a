"""Runs of conversion tests, the receipts they leave (one row a variant), and walks."""

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
    maybe_text("plan"),
    Index("ix_runs_campaign", "handle", "campaign_id", "run_id"),
)

walks = table(
    "walks",
    key("handle"),
    key("walk_id"),
    text("campaign_id"),
    whole("variant"),
    text("slug"),
    text("config_digest"),
    json_column("configuration"),
    text("made_by"),
    whole("made_at"),
    maybe_text("request_id"),
    maybe_text("nonce_hash"),
    maybe_whole("opened_at"),
    maybe_whole("returned_at"),
    json_column("returned"),
    Index("ix_walks_campaign", "handle", "campaign_id", "walk_id"),
    Index("ix_walks_made_at", "made_at"),
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
