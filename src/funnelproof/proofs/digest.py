"""The canonical configuration of a campaign, and its digest: what a test result is a result of."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import rfc8785

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import iso_or_none
from funnelproof.links.link import Link
from funnelproof.pages.page import PageFacts

Configuration = dict[str, Any]


class Change(NamedTuple):
    """One difference between two configurations: where (a JSON Pointer), what was there, what is there now."""

    pointer: str
    before: Any
    now: Any


def configuration_of(
    campaign: Campaign,
    link: Link | None,
    page: PageFacts | None = None,
    *,
    events: Sequence[str] = (),
    tag_policy: Mapping[str, Any] | None = None,
) -> Configuration:
    """All that decides whether tracking works; not names, weights, ramp, status, times or counters.

    A page is part of it from the moment it is published: a draft leads nobody anywhere. `events` are those that
    webhooks of the handle want, `tag_policy` is the handle's, which holds where the campaign has none.
    """
    return (
        _page(page)
        | _events(events)
        | {
            "goalType": campaign.goal_type.value,
            "eventType": campaign.event_type,
            "currency": campaign.currency,
            "countingRule": campaign.counting_rule.value,
            "maxPerClick": campaign.max_per_click,
            "maxValueMinor": campaign.max_value_minor,
            "trustedConversions": campaign.trusted_conversions,
            "attributionWindowDays": campaign.attribution_window_days,
            "decisionWindowDays": campaign.decision_window_days,
            "ctxTtlSeconds": campaign.ctx_ttl_seconds,
            "primaryLink": _link(link) if link else None,
            "variants": {variant.variant_id: _variant(campaign, variant.number) for variant in campaign.variants},
            "tagPolicy": dict(campaign.tag_policy or tag_policy or {}),
            "detailsPageSlug": campaign.details_page_slug,
        }
    )


def digest_of(configuration: Configuration) -> str:
    """SHA-256 (hex) of the RFC 8785 JSON of a configuration."""
    return hashlib.sha256(rfc8785.dumps(configuration)).hexdigest()


def changes_between(before: Configuration, now: Configuration) -> list[Change]:
    """What differs, in the order of the pointers. What is absent is None."""
    return sorted(_changes(before, now, ""), key=lambda change: change.pointer)


def _changes(before: Any, now: Any, pointer: str) -> list[Change]:
    if not isinstance(before, dict) or not isinstance(now, dict):
        return [] if before == now else [Change(pointer, before, now)]
    names = sorted(before.keys() | now.keys())
    return [change for name in names for change in _changes(before.get(name), now.get(name), f"{pointer}/{name}")]


def _page(page: PageFacts | None) -> Configuration:
    if page is None or page.version is None:
        return {}
    mode = page.access_mode.value if page.access_mode else None
    return {"page": {"version": page.version, "slug": page.slug, "accessMode": mode}}


def _events(events: Sequence[str]) -> Configuration:
    return {"subscribedEvents": list(events)} if events else {}


def _link(link: Link) -> Configuration:
    return {
        "slug": link.slug,
        "destinationUrl": link.destination_url,
        "redirectType": link.redirect_type,
        "enabled": link.enabled,
        "tracking": link.tracking,
        "mode": link.mode.value,
        "appendContextParam": link.append_ctx,
        "routingRules": [
            {"priority": rule.priority, "when": _lists(asdict(rule.when)), "destinationUrl": rule.destination_url}
            for rule in link.routing_rules
        ],
        "scheduledStartAt": iso_or_none(link.scheduled_start_at),
        "scheduledEndAt": iso_or_none(link.scheduled_end_at),
        "expiresAt": iso_or_none(link.expires_at),
        "maxClicks": link.max_clicks,
        "passwordProtected": link.password_hash is not None,
    }


def _variant(campaign: Campaign, number: int) -> Configuration:
    variant = campaign.variant(number)
    if variant is None:
        return {}
    weighs = variant.enabled and variant.weight > 0
    return {
        "number": variant.number,
        "destinationUrl": variant.destination_url,
        "control": variant.control,
        "hasWeight": weighs,
    }


def _lists(when: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {name: list(values) for name, values in when.items()}
