"""Every table, for both engines. Tenant tables have `handle` first in each key and unique index."""

from funnelproof.storage.schema.alerts import alert_notes, alerts
from funnelproof.storage.schema.campaigns import (
    campaign_history,
    campaigns,
    frozen_plans,
    links,
    phases,
    previews,
    variants,
    world_numbers,
    worlds,
)
from funnelproof.storage.schema.columns import metadata
from funnelproof.storage.schema.events import (
    claims,
    clicks,
    conversion_keys,
    conversions,
    ledger,
    ledger_money,
    reversals,
)
from funnelproof.storage.schema.health import check_changes, health_changes, health_lights
from funnelproof.storage.schema.installation import changes, day_salts, leases, ring_keys
from funnelproof.storage.schema.leads import leads
from funnelproof.storage.schema.notifications import clicks_to_tell, deliveries, webhooks
from funnelproof.storage.schema.pages import deployments, page_links, page_slugs, page_versions, pages
from funnelproof.storage.schema.people import access_tokens, handle_zones, handles, memberships, sessions, users
from funnelproof.storage.schema.probes import probes
from funnelproof.storage.schema.proofs import receipts, runs, walks
from funnelproof.storage.schema.results import decisions, inspections, looks, sample_ratio_alarms
from funnelproof.storage.schema.seals import sealed_sums, seals
from funnelproof.storage.schema.support import content_reports, escalations, requests, support_reports
from funnelproof.storage.schema.tags import tag_policies
from funnelproof.storage.schema.tallies import day_tallies, phase_tallies, quarter_tallies
from funnelproof.storage.schema.visitors import magic_links, visitor_accounts, visitor_sessions
from funnelproof.storage.schema.writes import audit_lines, kept_answers, write_counts

__all__ = [
    "access_tokens",
    "alert_notes",
    "alerts",
    "audit_lines",
    "campaign_history",
    "campaigns",
    "changes",
    "check_changes",
    "claims",
    "clicks",
    "clicks_to_tell",
    "content_reports",
    "conversion_keys",
    "conversions",
    "day_salts",
    "day_tallies",
    "decisions",
    "deliveries",
    "deployments",
    "escalations",
    "frozen_plans",
    "handle_zones",
    "handles",
    "health_changes",
    "health_lights",
    "inspections",
    "kept_answers",
    "leads",
    "leases",
    "ledger",
    "ledger_money",
    "links",
    "looks",
    "magic_links",
    "memberships",
    "metadata",
    "page_links",
    "page_slugs",
    "page_versions",
    "pages",
    "phase_tallies",
    "phases",
    "previews",
    "probes",
    "quarter_tallies",
    "receipts",
    "requests",
    "reversals",
    "ring_keys",
    "runs",
    "sample_ratio_alarms",
    "sealed_sums",
    "seals",
    "sessions",
    "support_reports",
    "tag_policies",
    "users",
    "variants",
    "visitor_accounts",
    "visitor_sessions",
    "walks",
    "webhooks",
    "world_numbers",
    "worlds",
    "write_counts",
]
