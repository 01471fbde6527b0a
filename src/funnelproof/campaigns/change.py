"""Changing a campaign: what is named changes; a phase or an epoch begins where figures would mean something else."""

from dataclasses import dataclass, replace
from typing import Any

from funnelproof.audit.act import Act
from funnelproof.campaigns import history, store
from funnelproof.campaigns.allocation import after_change
from funnelproof.campaigns.campaign import Campaign, CampaignKept, LaunchPolicy
from funnelproof.campaigns.create import bind_existing, binding_faults, campaign_faults
from funnelproof.campaigns.fields import FOLLOW_THE_WINDOW, as_kept, defaults
from funnelproof.campaigns.numbering import number_variants
from funnelproof.campaigns.requests import CampaignChange, view_of
from funnelproof.campaigns.variants import Variant
from funnelproof.errors import Fault, Problem, gathered, invalid, invalid_payload
from funnelproof.links import store as links
from funnelproof.links.address import AddressRules
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies

STRICTNESS = list(LaunchPolicy)
NOT_TOLD = frozenset({"epoch", "phase", "next_variant_number", "updated_at", "version"})


class VariantKept(Problem):
    """Visitors have entered this variant, so it stays. Send it with `enabled: false`: its people go to the control."""

    kind, code, title = "conflict", "variant_kept", "The variant is kept"


class RoleTooLow(Problem):
    """Your role does not reach this change."""

    kind, code, title = "forbidden", "insufficient_role", "Your role does not reach this"


@dataclass(frozen=True, slots=True)
class Powers:
    """What the caller may do beyond changing: loosen launchPolicy (an OPERATOR), lift an embargo (the OWNER)."""

    loosen: bool = False
    lift_embargo: bool = False


def change(
    tx: Transaction, before: Campaign, body: CampaignChange, *, rules: AddressRules, act: Act, powers: Powers
) -> Campaign:
    """Apply what the request names to a locked campaign. What stands already is no change."""
    entered = tallies.entries(tx, before.handle, store.LIVE, before.campaign_id, before.epoch) > 0
    faults: list[Fault] = []
    after = _applied(tx, before, body, faults)
    with gathered(faults):
        body.check_read_only(view_of(before))
    with gathered(faults):
        _check_loosening(before, after, body.reason, powers)
    with gathered(faults):
        _check_embargo(before, after, body.reason, act, powers)
    faults += _faults_between(tx, before, after, somebody_entered=entered) + campaign_faults(after, rules)
    if faults:
        raise invalid_payload(faults)
    _check_kept(tx, before, after.variants)
    if after == before:
        return before
    return _write(tx, before, after, body, entered=entered, act=act)


def _faults_between(tx: Transaction, before: Campaign, after: Campaign, *, somebody_entered: bool) -> list[Fault]:
    faults: list[Fault] = []
    if somebody_entered and after.include_cookieless != before.include_cookieless:
        detail = "is frozen: visitors have entered. It can be chosen anew in a copy."
        faults.append(Fault("/includeCookieless", "invalid", detail))
    return faults + (binding_faults(tx, after) if after.primary_slug != before.primary_slug else [])


def _write(
    tx: Transaction, before: Campaign, after: Campaign, body: CampaignChange, *, entered: bool, act: Act
) -> Campaign:
    if after.primary_slug != before.primary_slug and after.primary_slug is not None:
        bind_existing(tx, after, after.primary_slug, act.at)
    if entered and after.plan != before.plan:
        store.keep_plan(tx, before)
    after = after_change(before, after, somebody_entered=entered, destinations=_destinations(tx, before, after))
    after = replace(after, version=before.version + 1, updated_at=act.at)
    store.replace(tx, before, after, body.reason or "changed")
    note_change(tx, before, after, act=act, reason=body.reason)
    return after


def note_change(tx: Transaction, before: Campaign, after: Campaign, *, act: Act, reason: str | None) -> None:
    """The line of history: which fields changed, and whether an epoch or a phase began."""
    changed = [name for name in Campaign.__slots__ if getattr(before, name) != getattr(after, name)]
    details: dict[str, Any] = {"changed": sorted(set(changed) - NOT_TOLD)}
    if (before.epoch, before.phase) != (after.epoch, after.phase):
        details |= {"epoch": after.epoch, "phase": after.phase}
    history.write(
        tx,
        after,
        at=act.at,
        act="changed",
        actor=act.actor,
        reason=reason,
        request_id=act.request_id,
        details=details,
    )


def delete(tx: Transaction, campaign: Campaign, act: Act) -> None:
    """Only a campaign that never was active is deleted; its links stay, without it."""
    if campaign.first_active_at is not None:
        raise CampaignKept
    for link in links.of_campaign(tx, campaign.handle, campaign.campaign_id):
        links.replace(tx, replace(link, campaign_id=None, updated_at=act.at, version=link.version + 1))
    store.bury(tx, campaign, act.at)
    history.write(tx, campaign, at=act.at, act="deleted", actor=act.actor, request_id=act.request_id)


def _applied(tx: Transaction, before: Campaign, body: CampaignChange, faults: list[Fault]) -> Campaign:
    """The campaign as the request wants it; what cannot be wanted adds to `faults`."""
    told = as_kept(body.changeable(), before.currency, faults)
    if body.name is not None:
        told["name"] = body.name
    elif "name" in body.given():
        faults.append(Fault("/name", "invalid", "cannot be null; leave it out to keep it."))
    window = told.get("attribution_window_days", before.attribution_window_days)
    usual = defaults(before.goal_type, window or defaults(before.goal_type, 1)["attribution_window_days"])
    values = {name: usual[name] if value is None else value for name, value in told.items()}
    values = _followers(before, usual) | values
    if "variants" in body.given():
        values |= _variants(tx, before, body, faults)
    return replace(before, **values)


def _followers(before: Campaign, usual: dict[str, Any]) -> dict[str, Any]:
    """What stood at its default goes with the window, unless it is named itself."""
    had = defaults(before.goal_type, before.attribution_window_days)
    return {name: usual[name] for name in FOLLOW_THE_WINDOW if getattr(before, name) == had[name]}


def _variants(tx: Transaction, before: Campaign, body: CampaignChange, faults: list[Fault]) -> dict[str, Any]:
    bodies = body.variants or []
    for at, variant in enumerate(bodies):
        known = next((own.number for own in before.variants if own.variant_id == variant.variant_id), None)
        if variant.repeated.get("number", known) != known:
            detail = "cannot be set; leave it out, or send it as it is."
            faults.append(Fault(f"/variants/{at}/number", "read_only_field", detail))
    ever, next_number = store.variant_ids_ever(tx, before.handle, before.campaign_id), before.next_variant_number
    after = number_variants(bodies, before=before.variants, next_number=next_number, ever=ever, faults=faults)
    return {"variants": after, "next_variant_number": max([before.next_variant_number, *(v.number + 1 for v in after)])}


def _check_kept(tx: Transaction, before: Campaign, after: tuple[Variant, ...]) -> None:
    _check_decided_kept(before, after)
    kept = {variant.number for variant in after}
    if all(variant.number in kept for variant in before.variants):
        return
    rows = tallies.phases(tx, before.handle, store.LIVE, before.campaign_id)
    entered = {row["variant"] for row in rows if row["cohort"] == "ENTERED" and row["visitors"]}
    gone = [variant.variant_id for variant in before.variants if variant.number in entered - kept]
    if gone:
        raise VariantKept(
            f"Visitors have entered {', '.join(gone)}. Send it with `enabled: false`: its people go to the control."
        )


def _check_decided_kept(before: Campaign, after: tuple[Variant, ...]) -> None:
    """Everyone is led to it: it can neither go nor be switched off."""
    if before.decided_variant is None or any(own.number == before.decided_variant and own.enabled for own in after):
        return
    name = before.variant_id(before.decided_variant)
    raise VariantKept(f"The test was decided for {name}: everyone is led to it. Undo the decision first.")


def _check_loosening(before: Campaign, after: Campaign, reason: str | None, powers: Powers) -> None:
    if STRICTNESS.index(after.launch_policy) >= STRICTNESS.index(before.launch_policy):
        return
    if not powers.loosen:
        raise RoleTooLow("Loosening launchPolicy needs the role OPERATOR, a JWT and a reason.")
    if not reason:
        raise invalid("reason", "is needed to loosen launchPolicy; it is kept in the history.", code="missing")


def _check_embargo(before: Campaign, after: Campaign, reason: str | None, act: Act, powers: Powers) -> None:
    """Results that are sealed stay so until the time that was set, unless the owner opens them and says why."""
    until = before.embargo_until
    if until is None or until <= act.at or (after.embargo_until is not None and after.embargo_until >= until):
        return
    if not powers.lift_embargo:
        raise RoleTooLow("Lifting or shortening the embargo needs the role OWNER, a JWT and a reason.")
    if not reason:
        raise invalid("reason", "is needed to lift the embargo; it is kept in the history.", code="missing")


def _destinations(tx: Transaction, before: Campaign, after: Campaign) -> tuple[str | None, str | None]:
    def destination(slug: str | None) -> str | None:
        link = links.find(tx, before.handle, slug) if slug else None
        return link.destination_url if link else None

    return destination(before.primary_slug), destination(after.primary_slug)
