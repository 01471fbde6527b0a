"""What webhooks hear of a click: written with it, and only where the route says that somebody asked."""

from collections.abc import Sequence
from typing import Any

from funnelproof.clicks.assignment import Decision, Kind
from funnelproof.clicks.visit import Visit
from funnelproof.clock import Micros, iso
from funnelproof.links.link import UTM_TAGS
from funnelproof.notifications import store
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema.columns import json_text
from funnelproof.worlds.world import LIVE

Row = tuple[str, str, Micros, str]


def note_clicks(tx: Transaction, world: str, served: Sequence[Visit], decisions: Sequence[Decision]) -> None:
    """Of a run or a preview nothing is told. Where nobody subscribed this looks at one flag for each visit."""
    if world != LIVE or not any(visit.route.tells_clicks for visit in served):
        return
    told = [_row(visit, made) for visit, made in zip(served, decisions, strict=True) if visit.route.tells_clicks]
    store.add_clicks_to_tell(tx, told)


def _row(visit: Visit, decision: Decision) -> Row:
    return visit.route.link.handle, visit.click_id, visit.at, json_text(_fact(visit, decision))


def _fact(visit: Visit, decision: Decision) -> dict[str, Any]:
    """Nothing that tells who the visitor is."""
    campaign = visit.route.campaign
    return {
        "clickId": visit.click_id,
        "at": iso(visit.at),
        "slug": visit.route.link.slug,
        "campaignId": campaign.campaign_id if campaign else None,
        "variantId": campaign.variant_id(decision.variant) if campaign else None,
        "cohort": decision.cohort.value,
        "kind": visit.kind.value,
        "qualified": visit.kind is Kind.PERSON,
        "country": visit.country,
        "device": visit.device,
        "tags": {name: tag for name, tag in zip(UTM_TAGS, visit.tags, strict=True) if tag},
        "requestId": visit.request_id,
    }
