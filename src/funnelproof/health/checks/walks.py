"""Has somebody bought in every variant with weight, and has the shop sent the order back?"""

from funnelproof.campaigns.campaign import LaunchPolicy
from funnelproof.clock import HOUR, iso
from funnelproof.health.check import Check, Status
from funnelproof.health.evidence import Evidence, Facts, WalkEvidence
from funnelproof.walks.walk import WalkState

NOTHING = WalkEvidence()


def walks(of: Evidence) -> Check | None:
    """Absent where nobody has begun a walk and the launch policy does not ask for one, and in runs."""
    if not of.is_live or (not of.walks and of.campaign.launch_policy is not LaunchPolicy.PROVEN):
        return None
    states = {number: _state(of, number) for number in of.weighty}
    facts: Facts = {"n": len(of.walks), "variants": [_facts(of, number, state) for number, state in states.items()]}
    for status in (Status.WARN, Status.UNKNOWN):
        concerned = [number for number, state in states.items() if state is status]
        if concerned:
            return Check("walks", status, _title(of, concerned, status), facts, _remedy(of, concerned))
    return Check("walks", Status.PASS, f"Walked, and the order came back: {_names(of, list(states))}.", facts)


def _state(of: Evidence, number: int) -> Status:
    """A walk that was begun and has not come back within its 24 hours is a warning, whatever came back before."""
    own = of.walks.get(number, NOTHING)
    if own.returned is not None:
        ttl = of.campaign.receipt_ttl_hours
        if own.returned.is_fresh(config_digest=of.config_digest, now=of.checked_at, ttl_hours=ttl):
            return Status.PASS
    if (
        own.newest is not None
        and own.newest.opened_at is not None
        and own.newest.state(of.checked_at) is WalkState.ENDED
    ):
        return Status.WARN
    return Status.UNKNOWN


def _facts(of: Evidence, number: int, state: Status) -> Facts:
    own = of.walks.get(number, NOTHING)
    facts: Facts = {"variantId": of.id_of(number), "status": state.value}
    if own.newest is not None:
        facts |= {"walkId": own.newest.walk_id, "state": own.newest.state(of.checked_at).value}
    if own.returned is not None and own.returned.returned_at is not None:
        facts |= {
            "returnedAt": iso(own.returned.returned_at),
            "ageHours": max(0, of.checked_at - own.returned.returned_at) // HOUR,
            "sameConfiguration": own.returned.config_digest == of.config_digest,
        }
    return facts


def _title(of: Evidence, numbers: list[int], status: Status) -> str:
    if status is Status.WARN:
        return f"{_names(of, numbers)}: somebody opened the walk's link, and no order has come back in 24 hours."
    stale = [number for number in numbers if of.walks.get(number, NOTHING).returned is not None]
    if stale == numbers:
        return f"{_names(of, numbers)}: walked before, but not as it stands now."
    return f"{_names(of, numbers)}: nobody has bought through a test link and been seen coming back."


def _remedy(of: Evidence, numbers: list[int]) -> str:
    return (
        f"Walk {_names(of, numbers)}: POST …/walks, open the link on a phone, buy with a test card, and see that the "
        "shop sends the order with its ctx."
    )


def _names(of: Evidence, numbers: list[int]) -> str:
    return " and ".join(of.name_of(number) for number in numbers)
