"""What a check found, and what all together say: the light, the score, whether spend may ramp. Knows no storage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from funnelproof.campaigns.campaign import LaunchPolicy
from funnelproof.clock import Micros


class Status(StrEnum):
    """UNKNOWN: not proven yet, which never counts as a pass."""

    PASS = "PASS"  # noqa: S105 - a status, not a secret
    WARN = "WARN"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


class Severity(StrEnum):
    """How much hangs on a check, whatever it finds. Its weight in the score is documented in docs/health.md."""

    CRITICAL = "CRITICAL"
    MAJOR = "MAJOR"
    MINOR = "MINOR"


WEIGHTS = {Severity.CRITICAL: 10, Severity.MAJOR: 5, Severity.MINOR: 2}
HIGHEST_SCORE_WITH_A_FAIL = 49

SEVERITIES = {
    "campaign_status": Severity.MINOR,
    "primary_link": Severity.CRITICAL,
    "destination": Severity.MAJOR,
    "traffic_tags": Severity.MAJOR,
    "clicks": Severity.MAJOR,
    "ctx_minted": Severity.CRITICAL,
    "ctx_life": Severity.MINOR,
    "ctx_returned": Severity.CRITICAL,
    "arrival": Severity.CRITICAL,
    "conversions": Severity.MAJOR,
    "anomaly": Severity.MAJOR,
    "dedupe": Severity.MAJOR,
    "receipts": Severity.CRITICAL,
    "walks": Severity.MAJOR,
    "split": Severity.CRITICAL,
    "leak": Severity.CRITICAL,
    "page": Severity.MAJOR,
    "bots": Severity.MINOR,
    "clock": Severity.MINOR,
    "webhooks": Severity.MINOR,
    "held": Severity.MINOR,
    "per_click": Severity.MINOR,
    "freshness": Severity.MINOR,
}
"""Every check there is, in the order in which they are shown."""

BREAKS_POLICY = "Links of the campaign break its tag policy."
INDISPENSABLE = ("primary_link", "receipts", "ctx_minted", "page")
"""While one of these is not proven, neither is the campaign."""


@dataclass(frozen=True, slots=True)
class Check:
    """`evidence` is plain JSON and always holds what was counted; `remedy` is None where nothing is to be done."""

    id: str
    status: Status
    title: str
    evidence: dict[str, Any]
    remedy: str | None = None

    @property
    def severity(self) -> Severity:
        return SEVERITIES[self.id]

    @property
    def docs(self) -> str:
        return f"/docs/checks/{self.id}"


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why spend must not ramp yet: a check, what it found, and the way out."""

    check: str
    title: str
    remedy: str | None


@dataclass(frozen=True, slots=True)
class SpendRamp:
    ready: bool
    blockers: tuple[Blocker, ...]


class FreshnessStatus(StrEnum):
    FRESH = "FRESH"
    STALE = "STALE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Freshness:
    """How recent the events are that the counters hold."""

    status: FreshnessStatus
    last_updated_at: Micros | None
    sla_minutes: int


class Since(NamedTuple):
    """Since when a check has been bad at every look, and since when it has failed at every look."""

    bad: Micros
    failed: Micros | None


@dataclass(frozen=True, slots=True)
class Health:
    """`score` is 0 to 100. `spend_ramp` is what the launch gate asks.

    `waiting`: which checks rest on chance and are not in order, and since when (see `holding`).
    """

    campaign_id: str
    status: Status
    score: int
    checked_at: Micros
    config_digest: str
    spend_ramp: SpendRamp
    freshness: Freshness
    checks: tuple[Check, ...] = field(default=())
    tag_breaches: tuple[dict[str, Any], ...] = ()
    launch_policy: LaunchPolicy = LaunchPolicy.OPEN
    waiting: Mapping[str, Since] = field(default_factory=dict)

    @property
    def statuses(self) -> dict[str, str]:
        return {check.id: check.status.value for check in self.checks}

    def check(self, id_: str) -> Check | None:
        """None if the check does not apply to this campaign."""
        return next((check for check in self.checks if check.id == id_), None)


def status_of(checks: Sequence[Check], policy: LaunchPolicy) -> Status:
    """The light: FAIL before UNKNOWN of what is indispensable, before WARN, before PASS."""
    found = {check.status for check in checks}
    if Status.FAIL in found:
        return Status.FAIL
    if any(check.status is Status.UNKNOWN and is_indispensable(check.id, policy) for check in checks):
        return Status.UNKNOWN
    return Status.WARN if Status.WARN in found else Status.PASS


def is_indispensable(id_: str, policy: LaunchPolicy) -> bool:
    return id_ in INDISPENSABLE or (id_ == "walks" and policy is LaunchPolicy.PROVEN)


def score_of(checks: Sequence[Check], policy: LaunchPolicy) -> int:
    """Weighted share of what is in order: PASS counts whole, WARN half, FAIL nothing.

    UNKNOWN counts nothing where it is indispensable, and is left out elsewhere: a young campaign is no worse for it.
    """
    judged = [check for check in checks if check.status is not Status.UNKNOWN or is_indispensable(check.id, policy)]
    weight = sum(WEIGHTS[check.severity] for check in judged)
    if weight == 0:
        return 0
    halves = {Status.PASS: 2, Status.WARN: 1}
    earned = sum(WEIGHTS[check.severity] * halves.get(check.status, 0) for check in judged)
    score = 100 * earned // (2 * weight)
    has_failed = any(check.status is Status.FAIL for check in checks)
    return min(score, HIGHEST_SCORE_WITH_A_FAIL) if has_failed else score


def spend_ramp_of(checks: Sequence[Check], policy: LaunchPolicy, breaches: Sequence[dict[str, Any]] = ()) -> SpendRamp:
    """Ready: nothing fails, and every variant with weight is tested (and, if the policy is PROVEN, walked)."""
    proofs = ["receipts", "walks"] if policy is LaunchPolicy.PROVEN else ["receipts"]
    by_id = {check.id: check for check in checks}
    blockers = [
        Blocker(check.id, check.title, check.remedy)
        for check in checks
        if check.status is Status.FAIL or (check.id in proofs and check.status is not Status.PASS)
    ]
    blockers += [_unproven(id_) for id_ in proofs if id_ not in by_id]
    blockers += [Blocker(own["check"], BREAKS_POLICY, own["remedy"]) for own in breaches]
    return SpendRamp(not blockers, tuple(blockers))


def _unproven(id_: str) -> Blocker:
    if id_ == "walks":
        title = "No variant has been walked: nobody has bought through a test link yet."
        return Blocker(
            id_, title, "Walk every variant: POST …/walks, buy through its link, and see the order come back."
        )
    return Blocker(id_, "Nothing has been tested.", "Run the test conversion.")
