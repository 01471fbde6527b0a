"""The launch gate: what a campaign's launch policy asks before it may become ACTIVE or take more traffic."""

from collections.abc import Mapping
from typing import Any

from funnelproof.campaigns.campaign import Campaign, LaunchPolicy, NotReady
from funnelproof.errors import Fault
from funnelproof.health.check import Check, Health, Status

ASKED: Mapping[LaunchPolicy, tuple[str, ...]] = {
    LaunchPolicy.OPEN: (),
    LaunchPolicy.GUARDED: ("receipts",),
    LaunchPolicy.PROVEN: ("receipts", "walks"),
}
UNPROVEN = {
    "receipts": "Run the test conversion for every variant with weight.",
    "walks": "Walk every variant: buy through its test link and see the order come back.",
}


def missing(campaign: Campaign, health: Health) -> list[dict[str, Any]]:
    """Exactly what keeps the gate closed: every failing check, and whatever the policy wants proven."""
    if campaign.launch_policy is LaunchPolicy.OPEN:
        return []
    found = {check.id: check for check in health.checks}
    failing = [_told(check) for check in health.checks if check.status is Status.FAIL]
    unproven = [
        _told(found[id_]) if id_ in found else {"check": id_, "status": "UNKNOWN", "remedy": UNPROVEN[id_]}
        for id_ in ASKED[campaign.launch_policy]
        if id_ not in found or found[id_].status not in (Status.PASS, Status.FAIL)
    ]
    return failing + unproven


def check_gate(campaign: Campaign, health: Health) -> None:
    """Raises `NotReady` with what is missing, breaches of the tag policy among it."""
    lacking = [*missing(campaign, health), *health.tag_breaches]
    if not lacking:
        return
    names = ", ".join(entry["check"] for entry in lacking)
    faults = [Fault(f"/checks/{entry['check']}", entry["status"].lower(), entry["remedy"]) for entry in lacking]
    raise NotReady(
        f"The launch policy {campaign.launch_policy} is not met: {names}. "
        "Mend these, or have an OPERATOR override with a reason.",
        faults=faults,
        missing=lacking,
    )


def _told(check: Check) -> dict[str, Any]:
    return {"check": check.id, "status": check.status.value, "remedy": check.remedy, "evidence": check.evidence}
