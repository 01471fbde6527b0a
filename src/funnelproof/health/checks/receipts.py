"""Is every variant with weight tested, as it stands now?"""

from collections.abc import Iterable

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import HOUR, iso
from funnelproof.health.check import Check, Status
from funnelproof.health.evidence import Evidence, Facts
from funnelproof.proofs.digest import Change
from funnelproof.proofs.receipt import Verdict

SHOWN = 3
PRESENT = {Status.FAIL: "FAILED", Status.WARN: "STALE", Status.PASS: "FRESH", Status.UNKNOWN: "NONE"}


def receipts(of: Evidence) -> Check:
    states = {number: _state(of, number) for number in of.weighty}
    facts: Facts = {"n": len(states), "variants": [_facts(of, number, state) for number, state in states.items()]}
    for status in (Status.FAIL, Status.UNKNOWN, Status.WARN):
        concerned = [number for number, state in states.items() if state is status]
        if concerned:
            return Check("receipts", status, _title(of, concerned, status), facts, _remedy(of, concerned))
    return Check("receipts", Status.PASS, f"Tested, as they stand now: {_names(of, list(states))}.", facts)


def _state(of: Evidence, number: int) -> Status:
    own = of.receipts.get(number)
    if own is None:
        return Status.UNKNOWN
    if own.standing.verdict is Verdict.FAIL:
        return Status.FAIL
    ttl = of.campaign.receipt_ttl_hours
    fresh = own.standing.is_fresh(config_digest=of.config_digest, now=of.checked_at, ttl_hours=ttl)
    return Status.PASS if fresh else Status.WARN


def _facts(of: Evidence, number: int, state: Status) -> Facts:
    own = of.receipts.get(number)
    facts: Facts = {"variantId": of.id_of(number), "receipt": PRESENT[state]}
    if own is not None:
        facts |= {
            "runId": own.standing.run_id,
            "finishedAt": iso(own.standing.finished_at),
            "changed": list(own.changed),
            "changes": [change._asdict() for change in own.changes],
            "ageHours": max(0, of.checked_at - own.standing.finished_at) // HOUR,
        }
    return facts


def _title(of: Evidence, numbers: list[int], status: Status) -> str:
    """One sentence for all that have the same to say."""
    reasons: dict[str, list[int]] = {}
    for number in numbers:
        reasons.setdefault(_reason(of, number, status), []).append(number)
    return " ".join(f"{_names(of, same)}: {reason}" for reason, same in reasons.items())


def _reason(of: Evidence, number: int, status: Status) -> str:
    own = of.receipts.get(number)
    if own is None:
        return "not tested yet."
    more = [f"{len(own.changed) - SHOWN} more changes."] if len(own.changed) > SHOWN else []
    changed = " ".join([*own.changed[:SHOWN], *more])
    if status is Status.FAIL:
        return f"the test failed. {changed}".strip()
    return changed or f"the test is older than {of.campaign.receipt_ttl_hours} h."


def _remedy(of: Evidence, numbers: list[int]) -> str:
    failed = [own for number in numbers if (own := of.receipts.get(number)) and own.standing.verdict is Verdict.FAIL]
    first = f"Read the failed steps of {failed[0].standing.run_id} and mend them; then run" if failed else "Run"
    then = f"{first} the test conversion for {_names(of, numbers)}."
    if of.link is None or of.link.campaign_id != of.campaign.campaign_id:
        then = f"{then[0].lower()}{then[1:]}"
        return f"First bind a primary link (`primarySlug`, or `primaryLink` at creation), for people to come by; {then}"
    return then


def _names(of: Evidence, numbers: list[int]) -> str:
    return " and ".join(of.name_of(number) for number in numbers)


def sentences_of(changes: Iterable[Change], campaign: Campaign) -> tuple[str, ...]:
    """What changed since a test, in words, such as: B's destinationUrl changed after this test."""
    return tuple(_said(change, campaign) for change in changes)


def _said(change: Change, campaign: Campaign) -> str:
    whose, what = _owner(change.pointer.split("/")[1:], campaign)
    if change.before is None and isinstance(change.now, dict):
        return f"{whose} was added after this test."
    if change.now is None and isinstance(change.before, dict):
        return f"{whose} was taken away after this test."
    return f"{whose}'s {what} changed after this test." if what else f"{whose} changed after this test."


def _owner(parts: list[str], campaign: Campaign) -> tuple[str, str]:
    if parts[:1] == ["variants"] and len(parts) > 1:
        named = next((own.name for own in campaign.variants if own.variant_id == parts[1]), parts[1])
        return named, "/".join(parts[2:])
    if parts[:1] == ["primaryLink"]:
        return "The primary link", "/".join(parts[1:])
    if parts[:1] == ["tagPolicy"]:
        return "The tag policy", ""
    if parts[:1] == ["subscribedEvents"]:
        return "What webhooks want to hear of", ""
    return "The campaign", "/".join(parts)
