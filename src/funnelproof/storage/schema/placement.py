"""Where each table lives when the database is spread over many machines (Citus). A closed list: see docs/scaling.md."""

from enum import StrEnum


class Placement(StrEnum):
    """BY_HANDLE: cut into shards by `handle`, all rows of a handle on one machine. EVERYWHERE: a whole copy on each
    machine, dear to write and cheap to read. COORDINATOR: one copy, on the machine that everybody asks.
    """

    BY_HANDLE = "by handle"
    EVERYWHERE = "everywhere"
    COORDINATOR = "coordinator"


DISTRIBUTION_COLUMN = "handle"
FIRST = "handles"
"""The table that is distributed first: all others are laid beside its shards."""

PLACEMENTS: dict[str, Placement] = {
    "handles": Placement.BY_HANDLE,
    "handle_zones": Placement.BY_HANDLE,
    "memberships": Placement.BY_HANDLE,
    "access_tokens": Placement.BY_HANDLE,
    "campaigns": Placement.BY_HANDLE,
    "variants": Placement.BY_HANDLE,
    "phases": Placement.BY_HANDLE,
    "frozen_plans": Placement.BY_HANDLE,
    "campaign_history": Placement.BY_HANDLE,
    "links": Placement.BY_HANDLE,
    "previews": Placement.BY_HANDLE,
    "worlds": Placement.BY_HANDLE,
    "world_numbers": Placement.BY_HANDLE,
    "clicks": Placement.BY_HANDLE,
    "ledger": Placement.BY_HANDLE,
    "ledger_money": Placement.BY_HANDLE,
    "conversion_keys": Placement.BY_HANDLE,
    "claims": Placement.BY_HANDLE,
    "conversions": Placement.BY_HANDLE,
    "reversals": Placement.BY_HANDLE,
    "day_tallies": Placement.BY_HANDLE,
    "phase_tallies": Placement.BY_HANDLE,
    "quarter_tallies": Placement.BY_HANDLE,
    "runs": Placement.BY_HANDLE,
    "receipts": Placement.BY_HANDLE,
    "walks": Placement.BY_HANDLE,
    "looks": Placement.BY_HANDLE,
    "sample_ratio_alarms": Placement.BY_HANDLE,
    "decisions": Placement.BY_HANDLE,
    "inspections": Placement.BY_HANDLE,
    "seals": Placement.BY_HANDLE,
    "sealed_sums": Placement.BY_HANDLE,
    "health_lights": Placement.BY_HANDLE,
    "health_changes": Placement.BY_HANDLE,
    "check_changes": Placement.BY_HANDLE,
    "pages": Placement.BY_HANDLE,
    "page_slugs": Placement.BY_HANDLE,
    "page_versions": Placement.BY_HANDLE,
    "deployments": Placement.BY_HANDLE,
    "page_links": Placement.BY_HANDLE,
    "leads": Placement.BY_HANDLE,
    "audit_lines": Placement.BY_HANDLE,
    "kept_answers": Placement.BY_HANDLE,
    "write_counts": Placement.BY_HANDLE,
    "visitor_accounts": Placement.BY_HANDLE,
    "magic_links": Placement.BY_HANDLE,
    "visitor_sessions": Placement.BY_HANDLE,
    "requests": Placement.BY_HANDLE,
    "webhooks": Placement.BY_HANDLE,
    "deliveries": Placement.BY_HANDLE,
    "probes": Placement.BY_HANDLE,
    "alerts": Placement.BY_HANDLE,
    "alert_notes": Placement.BY_HANDLE,
    "clicks_to_tell": Placement.BY_HANDLE,
    "tag_policies": Placement.BY_HANDLE,
    # Every worker reads all of it twice a second; people write it.
    "changes": Placement.EVERYWHERE,
    # A list of members joins them to their people.
    "users": Placement.EVERYWHERE,
    # Found by the hash of a refresh token, or by family; they refer to users.
    "sessions": Placement.EVERYWHERE,
    "ring_keys": Placement.EVERYWHERE,
    "day_salts": Placement.EVERYWHERE,
    # Few, and read by platform operators alone.
    "support_reports": Placement.COORDINATOR,
    "escalations": Placement.COORDINATOR,
    "content_reports": Placement.COORDINATOR,
    # Prolonged every second: a copy on each machine would make all of them vote on each turn.
    "leases": Placement.COORDINATOR,
}
