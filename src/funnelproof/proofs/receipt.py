"""What a run leaves: per variant its steps and verdict, and a fingerprint without ids and times."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import rfc8785

from funnelproof.clock import HOUR, Micros
from funnelproof.errors import Problem


class StepStatus(StrEnum):
    PASS = "PASS"  # noqa: S105 - a verdict, not a secret
    FAIL = "FAIL"
    SKIPPED = "SKIPPED"


class Verdict(StrEnum):
    PASS = "PASS"  # noqa: S105 - a verdict, not a secret
    FAIL = "FAIL"


STEPS = (
    "link_resolves",
    "click_recorded",
    "ctx_minted",
    "ctx_fresh",
    "conversion_recorded",
    "replay_deduplicated",
    "key_reuse_refused",
    "tampered_ctx_refused",
    "expired_ctx_refused",
    "attributed",
    "funnel_counted_in_test",
    "live_untouched",
    "page_ready",
    "webhook_signed",
    "ctx_valid",
)
"""Every step of a test conversion, in order."""

INDISPENSABLE = ("ctx_minted", "conversion_recorded")


class RunNotFound(Problem):
    """This campaign has no run of this id; runs are listed at …/test-runs."""

    kind, code, title = "absent", "not_found", "Run not found"


class NoPrimaryLink(Problem):
    """The campaign has no primary link to test. Bind one with `primarySlug`, or create it with `primaryLink`."""

    kind, code, title = "conflict", "no_primary_link", "No primary link"


@dataclass(frozen=True, slots=True)
class Step:
    """`expected` and `observed` are plain JSON; `evidence` holds ids and times, which differ from run to run."""

    id: str
    status: StepStatus
    expected: Any
    observed: Any
    evidence: dict[str, Any] = field(default_factory=dict)
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class VariantReceipt:
    variant: int
    variant_id: str
    steps: tuple[Step, ...]
    ctx: str | None = None
    click_id: str | None = None
    conversion_id: str | None = None

    @property
    def verdict(self) -> Verdict:
        """PASS: no step failed, and none of the indispensable ones was skipped. A ctx alone is judged by itself."""
        failed = any(step.status is StepStatus.FAIL for step in self.steps)
        skipped = {step.id for step in self.steps if step.status is StepStatus.SKIPPED}
        only_ctx = any(step.id == "ctx_valid" and step.status is StepStatus.PASS for step in self.steps)
        lacking = not only_ctx and bool(skipped & set(INDISPENSABLE))
        return Verdict.FAIL if failed or lacking else Verdict.PASS


@dataclass(frozen=True, slots=True)
class StandingReceipt:
    """A variant's newest receipt, as health and the launch gate look at it."""

    variant: int
    run_id: str
    verdict: Verdict
    config_digest: str
    finished_at: Micros

    def is_fresh(self, *, config_digest: str, now: Micros, ttl_hours: int) -> bool:
        """While the configuration is the same and the receipt is young enough."""
        return self.config_digest == config_digest and now - self.finished_at <= ttl_hours * HOUR


def fingerprint_of(receipts: Sequence[VariantReceipt]) -> str:
    """SHA-256 over the canonical steps without ids and times: the same configuration and seed give the same."""
    steps: list[Any] = [
        {
            "variantId": receipt.variant_id,
            "steps": [
                {"id": step.id, "status": step.status.value, "expected": step.expected, "observed": step.observed}
                for step in receipt.steps
            ],
        }
        for receipt in receipts
    ]
    return hashlib.sha256(rfc8785.dumps(steps)).hexdigest()


def verdict_of(receipts: Sequence[VariantReceipt]) -> Verdict:
    passed = bool(receipts) and all(receipt.verdict is Verdict.PASS for receipt in receipts)
    return Verdict.PASS if passed else Verdict.FAIL
