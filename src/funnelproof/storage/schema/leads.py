"""Leads: what visitors filled into forms. All that is personal about them stands here and nowhere else."""

from sqlalchemy import Index

from funnelproof.storage.schema.columns import json_column, key, maybe_text, table, text, whole

leads = table(
    "leads",
    key("handle"),
    key("world"),
    key("lead_key"),
    text("digest"),
    text("lead_id"),
    text("campaign_id"),
    text("form_id"),
    json_column("fields"),
    maybe_text("email"),
    whole("variant"),
    maybe_text("slug"),
    maybe_text("click_id"),
    maybe_text("visitor"),
    maybe_text("conversion_id"),
    maybe_text("not_converted"),
    whole("captured_at"),
    text("request_id"),
    Index("ix_leads_time", "handle", "lead_id"),
    Index("ix_leads_campaign", "handle", "campaign_id", "lead_id"),
    Index("ix_leads_email", "handle", "email"),
)
