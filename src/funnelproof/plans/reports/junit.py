"""The outcome as JUnit XML: one suite for a plan, one case for a scene."""

import json
import re
from xml.etree import ElementTree as ET

from funnelproof.plans.expect import Check
from funnelproof.plans.outcome import Outcome, SceneOutcome, Verdict

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_of(outcome: Outcome) -> str:
    cases = outcome.scenes
    counts = {
        "tests": len(cases) + (outcome.error is not None),
        "failures": sum(scene.verdict is Verdict.FAIL for scene in cases),
        "errors": int(outcome.error is not None),
        "skipped": sum(scene.verdict is Verdict.NOT_RUN for scene in cases),
    }
    shown = {name: str(count) for name, count in counts.items()}
    root = ET.Element("testsuites", {"name": "funnelproof prove", **shown})
    about = {"name": _plain(outcome.plan), **shown, "time": _seconds(outcome.ms)}
    suite = ET.SubElement(root, "testsuite", about | ({"timestamp": outcome.started_at} if outcome.started_at else {}))
    _properties(suite, outcome)
    for scene in cases:
        _case(suite, outcome, scene)
    if outcome.error is not None:
        _error(suite, outcome)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _properties(suite: ET.Element, outcome: Outcome) -> None:
    told = {
        "handle": outcome.handle,
        "campaign": outcome.campaign,
        "seed": outcome.seed,
        "runId": outcome.run_id,
        "configDigest": outcome.config_digest,
        "fingerprint": outcome.fingerprint,
    }
    properties = ET.SubElement(suite, "properties")
    for name, own in told.items():
        ET.SubElement(properties, "property", {"name": name, "value": _plain(str(own or ""))})


def _case(suite: ET.Element, outcome: Outcome, scene: SceneOutcome) -> None:
    named = {"classname": _plain(outcome.plan), "name": _plain(f"{scene.number}. {scene.says}")}
    place = {"file": _plain(outcome.file), "line": str(scene.line), "time": _seconds(scene.ms)}
    case = ET.SubElement(suite, "testcase", named | place)
    if scene.verdict is Verdict.NOT_RUN:
        ET.SubElement(case, "skipped", {"message": "not reached"})
    elif scene.failed:
        message = "; ".join(sentence_of(check) for check in scene.failed)
        failure = ET.SubElement(case, "failure", {"message": _plain(message), "type": "expectation"})
        requests = [f"{own.method} {own.path} {own.status} {own.request_id} {own.detail or ''}" for own in scene.sent]
        seen = json.dumps(dict(scene.observed), indent=2, ensure_ascii=False)
        failure.text = _plain("\n".join([f"{outcome.file}:{scene.line}", f"seen: {seen}", *requests]))


def _error(suite: ET.Element, outcome: Outcome) -> None:
    """Once, as a case of its own: a case with an error is no failure of what it was about to show."""
    case = ET.SubElement(suite, "testcase", {"classname": _plain(outcome.plan), "name": "the plan could be run"})
    told = {"message": _plain(outcome.error or ""), "type": outcome.error_code or "error"}
    ET.SubElement(case, "error", told).text = _plain(outcome.error or "")


def sentence_of(check: Check) -> str:
    return f"{check.name}: expected {_json(check.expected)}, seen {_json(check.observed)}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _seconds(ms: float) -> str:
    return f"{ms / 1000:.3f}"


def _plain(text: str) -> str:
    """Without what no XML may hold."""
    return NOT_IN_XML.sub("�", text)
