"""Changing a campaign: what is named changes; a phase or an epoch begins where figures would mean something else."""

from dataclasses import replace
from typing import Any

from funnelproof.audit.act import Act
from funnelproof.campaigns import store
from funnelproof.campaigns.allocation import after_change
from funnelproof.campaigns.campaign import (
    PRESETS,
    Campaign,
    CampaignKept,
    LaunchPolicy,
    default_ctx_ttl_seconds,
)
from funnelproof.campaigns.create import (
    DEFAULT_DECISION_DAYS,
    DEFAULT_MAX_PER_CLICK,
    DEFAULT_RECEIPT_TTL_HOURS,
    DEFAULT_WINDOW_DAYS,
    AddressRules,
    bind_existing,
    check_campaign,
    number_variants,
)
from funnelproof.campaigns.requests import CampaignChange, fraction_text
from funnelproof.campaigns.variants import Variant
from funnelproof.errors import Problem, invalid
from funnelproof.links import store as links
from funnelproof.money import read_money
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies

STRICTNESS = list(LaunchPolicy)
KEPT_AS_TOLD = ("starts_at", "ends_at", "details_page_slug", "embargo_until", "primary_slug")


class VariantKept(Problem):
    """Visitors have entered this variant, so it stays. Send it with `enabled: false`: its people go to the control."""

    kind, code, title = "conflict", "variant_kept", "The variant is kept"


class LooseningNeedsOperator(Problem):
    """Loosening launchPolicy needs the role OPERATOR, a JWT and a reason."""

    kind, code, title = "forbidden", "insufficient_role", "Your role does not reach this"


def change(
    tx: Transaction, before: Campaign, body: CampaignChange, *, rules: AddressRules, act: Act, may_loosen: bool
) -> Campaign:
    """Apply what the request names to a locked campaign."""
    given = body.given()
    after = _applied(tx, before, body, given)
    _check_loosening(before, after, body.reason, may_loosen=may_loosen)
    check_campaign(after, rules)
    if after.primary_slug != before.primary_slug and after.primary_slug is not None:
        bind_existing(tx, after, after.primary_slug, act.at)
    after = _in_its_phase(tx, before, after)
    if after == before:
        return before
    after = replace(after, version=before.version + 1, updated_at=act.at)
    store.replace(tx, before, after, body.reason or "changed")
    details = {"changed": sorted(name for name in given if name != "reason")}
    store.write_history(
        tx,
        after,
        at=act.at,
        act="changed",
        actor=act.actor,
        reason=body.reason,
        request_id=act.request_id,
        details=details,
    )
    return after


def delete(tx: Transaction, campaign: Campaign, act: Act) -> None:
    """Only a campaign that never was active is deleted; its links stay, without it."""
    if campaign.first_active_at is not None:
        raise CampaignKept
    for link in links.of_campaign(tx, campaign.handle, campaign.campaign_id):
        links.replace(tx, replace(link, campaign_id=None, updated_at=act.at, version=link.version + 1))
    store.bury(tx, campaign, act.at)
    store.write_history(tx, campaign, at=act.at, act="deleted", actor=act.actor, request_id=act.request_id)


def _applied(tx: Transaction, before: Campaign, body: CampaignChange, given: dict[str, Any]) -> Campaign:
    preset = PRESETS[before.goal_type]
    defaults: dict[str, Any] = {
        "tracking_preset": preset.tracking_preset,
        "event_type": preset.event_type,
        "counting_rule": preset.counting_rule,
        "max_per_click": DEFAULT_MAX_PER_CLICK,
        "attribution_window_days": DEFAULT_WINDOW_DAYS,
        "launch_policy": LaunchPolicy.OPEN,
        "trusted_conversions": False,
        "include_cookieless": False,
        "receipt_ttl_hours": DEFAULT_RECEIPT_TTL_HOURS,
    }
    values = {
        name: given[name] if given[name] is not None else default for name, default in defaults.items() if name in given
    }
    values |= {name: given[name] for name in KEPT_AS_TOLD if name in given}
    if "name" in given:
        if body.name is None:
            raise invalid("name", "cannot be null.")
        values["name"] = body.name
    window = values.get("attribution_window_days", before.attribution_window_days)
    values |= _derived(before, body, given, window)
    if "variants" in given:
        values |= _variants(tx, before, body)
    return replace(before, **values)


def _derived(before: Campaign, body: CampaignChange, given: dict[str, Any], window: int) -> dict[str, Any]:
    """Fields that are stored in another form than they are told, or whose default hangs on another field."""
    values: dict[str, Any] = {}
    followed_window = before.ctx_ttl_seconds == default_ctx_ttl_seconds(before.attribution_window_days)
    if given.get("ctx_ttl_seconds") is not None:
        values["ctx_ttl_seconds"] = body.ctx_ttl_seconds
    elif "ctx_ttl_seconds" in given or followed_window:
        values["ctx_ttl_seconds"] = default_ctx_ttl_seconds(window)
    if "decision_window_days" in given:
        values["decision_window_days"] = body.decision_window_days or min(DEFAULT_DECISION_DAYS, window)
    if "max_value" in given:
        values["max_value_minor"] = (
            read_money(body.max_value, before.currency, "maxValue").minor if body.max_value else None
        )
    if "tag_policy" in given:
        values["tag_policy"] = body.tag_policy.model_dump() if body.tag_policy else None
    for name in ("expected_rate", "minimum_lift"):
        if name in given:
            values[name] = fraction_text(given[name])
    return values


def _variants(tx: Transaction, before: Campaign, body: CampaignChange) -> dict[str, Any]:
    bodies = body.variants or []
    for at, variant in enumerate(bodies):
        known = next((own for own in before.variants if own.variant_id == variant.variant_id), None)
        number = variant.repeated.get("number", known.number if known else None)
        if number != (known.number if known else None):
            raise invalid(
                f"variants/{at}/number", "cannot be set; leave it out, or send it as it is.", code="read_only_field"
            )
    ever = store.variant_ids_ever(tx, before.handle, before.campaign_id)
    after = number_variants(bodies, before=before.variants, next_number=before.next_variant_number, ever=ever)
    _check_kept(tx, before, after)
    return {"variants": after, "next_variant_number": max([before.next_variant_number, *(v.number + 1 for v in after)])}


def _check_kept(tx: Transaction, before: Campaign, after: tuple[Variant, ...]) -> None:
    kept = {variant.number for variant in after}
    rows = tallies.phases(tx, before.handle, store.LIVE, before.campaign_id)
    entered = {row["variant"] for row in rows if row["cohort"] == "ENTERED" and row["visitors"]}
    gone = [variant.variant_id for variant in before.variants if variant.number in entered - kept]
    if gone:
        raise VariantKept(
            f"Visitors have entered {', '.join(gone)}. Send it with `enabled: false`: its people go to the control."
        )


def _check_loosening(before: Campaign, after: Campaign, reason: str | None, *, may_loosen: bool) -> None:
    looser = STRICTNESS.index(after.launch_policy) < STRICTNESS.index(before.launch_policy)
    if looser and not may_loosen:
        raise LooseningNeedsOperator
    if looser and not reason:
        raise invalid("reason", "is needed to loosen launchPolicy; it is kept in the history.", code="missing")


def _in_its_phase(tx: Transaction, before: Campaign, after: Campaign) -> Campaign:
    def destination(slug: str | None) -> str | None:
        link = links.find(tx, before.handle, slug) if slug else None
        return link.destination_url if link else None

    entered = tallies.entries(tx, before.handle, store.LIVE, before.campaign_id, before.epoch) > 0
    destinations = (destination(before.primary_slug), destination(after.primary_slug))
    return after_change(before, after, somebody_entered=entered, destinations=destinations)
