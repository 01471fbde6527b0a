"""The closed list of checks. Each is a pure function of the evidence; None where it does not apply."""

from collections.abc import Callable

from funnelproof.health.check import Check
from funnelproof.health.checks.conversions import clock, ctx_returned, dedupe, held, per_click
from funnelproof.health.checks.page import page
from funnelproof.health.checks.receipts import receipts
from funnelproof.health.checks.sales import anomaly, conversions
from funnelproof.health.checks.setup import campaign_status, ctx_life, destination, primary_link
from funnelproof.health.checks.split import arrival, leak, split
from funnelproof.health.checks.traffic import bots, clicks, ctx_minted, freshness, traffic_tags
from funnelproof.health.checks.walks import walks
from funnelproof.health.checks.webhooks import webhooks
from funnelproof.health.evidence import Evidence

CHECKS: tuple[Callable[[Evidence], Check | None], ...] = (
    campaign_status,
    primary_link,
    destination,
    traffic_tags,
    clicks,
    ctx_minted,
    ctx_life,
    ctx_returned,
    arrival,
    conversions,
    anomaly,
    dedupe,
    receipts,
    walks,
    split,
    leak,
    page,
    bots,
    clock,
    webhooks,
    held,
    per_click,
    freshness,
)


def run_checks(evidence: Evidence) -> tuple[Check, ...]:
    """All checks that apply, in the order of the list."""
    found = (check(evidence) for check in CHECKS)
    return tuple(check for check in found if check is not None)
