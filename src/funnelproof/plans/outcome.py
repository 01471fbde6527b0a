"""What came of a plan: scene by scene, what was expected and seen, and the requests. Two runs with a seed are alike."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import rfc8785

from funnelproof.plans.expect import Check


class Verdict(StrEnum):
    """ERROR: the plan or the server cannot be used. NOT_RUN: a scene that was never reached."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a secret
    FAIL = "FAIL"
    ERROR = "ERROR"
    NOT_RUN = "NOT_RUN"


EXIT_STATUS = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.ERROR: 2}


@dataclass(frozen=True, slots=True)
class Sent:
    """A request and its answer; milliseconds from the beginning of the plan."""

    method: str
    path: str
    status: int
    request_id: str
    began_ms: float
    ms: float
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class SceneOutcome:
    """`run_clock` is the run's own time when the scene began; `variant` whose lane of the waterfall it is in."""

    number: int
    line: int
    verb: str
    says: str
    verdict: Verdict
    variant: str | None = None
    checks: Sequence[Check] = ()
    observed: Mapping[str, Any] = field(default_factory=dict)
    sent: Sequence[Sent] = ()
    run_clock: str | None = None
    ms: float = 0.0
    error: str | None = None

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.checks if not check.holds]


@dataclass(frozen=True, slots=True)
class Outcome:
    plan: str
    about: str | None
    file: str
    seed: str
    handle: str
    campaign: str
    verdict: Verdict
    scenes: Sequence[SceneOutcome]
    run_id: str | None = None
    started_at: str | None = None
    ms: float = 0.0
    error: str | None = None
    error_code: str | None = None
    receipt: Mapping[str, Any] | None = None

    @property
    def exit_status(self) -> int:
        return EXIT_STATUS[self.verdict]

    @property
    def config_digest(self) -> str | None:
        return str(self.receipt["configDigest"]) if self.receipt else None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all but ids and times: the same plan, configuration and seed give the same."""
        return hashlib.sha256(rfc8785.dumps(self._lasting())).hexdigest()

    def as_object(self) -> dict[str, Any]:
        """For the JSON report. All that differs between two runs stands below `evidence`."""
        made = self._lasting()
        for shown, scene in zip(made["scenes"], self.scenes, strict=True):
            shown["evidence"] = _evidence(scene)
        made["fingerprint"] = self.fingerprint
        made["evidence"] = {
            "file": self.file,
            "runId": self.run_id,
            "startedAt": self.started_at,
            "ms": self.ms,
            "error": self.error,
            "receipt": self.receipt,
        }
        return made

    def _lasting(self) -> dict[str, Any]:
        return {
            "plan": self.plan,
            "about": self.about,
            "seed": self.seed,
            "handle": self.handle,
            "campaign": self.campaign,
            "verdict": self.verdict.value,
            "error": self.error_code,
            "configDigest": self.config_digest,
            "scenes": [_lasting_scene(scene) for scene in self.scenes],
        }


def _lasting_scene(scene: SceneOutcome) -> dict[str, Any]:
    return {
        "number": scene.number,
        "line": scene.line,
        "verb": scene.verb,
        "says": scene.says,
        "verdict": scene.verdict.value,
        "variant": scene.variant,
        "expected": [asdict(check) for check in scene.checks],
        "observed": dict(scene.observed),
    }


def _evidence(scene: SceneOutcome) -> dict[str, Any]:
    requests = [
        {
            "method": own.method,
            "path": own.path,
            "status": own.status,
            "requestId": own.request_id,
            "beganMs": own.began_ms,
            "ms": own.ms,
            "detail": own.detail,
        }
        for own in scene.sent
    ]
    return {"runClock": scene.run_clock, "ms": scene.ms, "error": scene.error, "requests": requests}
