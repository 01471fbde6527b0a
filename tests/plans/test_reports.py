"""Reports: JUnit that CI viewers load, HTML that needs nothing else, JSON to run again."""

import json
import re
from xml.etree import ElementTree as ET

from funnelproof.plans.expect import Check
from funnelproof.plans.outcome import Outcome, SceneOutcome, Sent, Verdict
from funnelproof.plans.reports.junit import junit_of
from funnelproof.plans.reports.page import page_of
from funnelproof.plans.reports.repro import json_of, without_ids_and_times

BAD = Check("gross", 50, "49.90", holds=False)
NASTY = "<script>alert('x')</script> & \x00\x1b"


def sent(at: float, status: int = 200) -> Sent:
    return Sent("GET", "/v2/public/context", status, "req_1", began_ms=at, ms=5.0)


def outcome(verdict: Verdict = Verdict.FAIL, says: str = "Ann buys", error: str | None = None) -> Outcome:
    scenes = [
        SceneOutcome(
            1, 4, "visit", says, Verdict.PASS, variant="b", sent=[sent(0)], ms=5, run_clock="2026-11-23T09:00:00Z"
        ),
        SceneOutcome(
            2, 5, "read", "figures", Verdict.FAIL, checks=[BAD], observed={"gross": "49.90"}, sent=[sent(9, 422)]
        ),
        SceneOutcome(3, 6, "wait", "3 days", Verdict.NOT_RUN),
    ]
    return Outcome(
        "A plan", "about", "plan.yaml", "seven", "gharart", "nbf", verdict, scenes, "run_1", "2026", 20.0, error
    )


def test_junit_counts_and_names_what_failed_with_its_line() -> None:
    suite = ET.fromstring(junit_of(outcome())).find("testsuite")  # noqa: S314 - our own text
    assert suite is not None
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["3", "1", "0", "1"]
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == ["1. Ann buys", "2. figures", "3. 3 days"]
    failure = cases[1].find("failure")
    assert failure is not None
    assert failure.get("message") == 'gross: expected 50, seen "49.90"'
    assert str(failure.text).startswith("plan.yaml:5\n")
    assert (cases[2].find("skipped") is not None, cases[1].get("line")) == (True, "5")


def test_junit_tells_an_error_as_a_case_of_its_own() -> None:
    suite = ET.fromstring(junit_of(outcome(Verdict.ERROR, error="it is gone"))).find("testsuite")  # noqa: S314
    assert suite is not None
    assert (suite.get("tests"), suite.get("errors")) == ("4", "1")
    error = suite.findall("testcase")[-1].find("error")
    assert error is not None
    assert error.get("message") == "it is gone"


def test_junit_and_html_bear_whatever_a_plan_says() -> None:
    ET.fromstring(junit_of(outcome(says=NASTY)).encode())  # noqa: S314
    page = page_of(outcome(says=NASTY))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_html_stands_alone() -> None:
    page = page_of(outcome())
    assert re.findall(r"""(?:src|href|action)\s*=|@import|url\(|<script""", page) == []
    assert "https://" not in page
    assert "default-src 'none'" in page


def test_html_has_a_waterfall_for_each_variant() -> None:
    page = page_of(outcome())
    assert re.findall("<figcaption>(.+)</figcaption>", page) == ["Variant b", "no single variant"]
    assert page.count('class="bar"') == 1
    assert page.count('class="bar refused"') == 1


def test_json_is_whole_and_only_evidence_differs() -> None:
    told = json.loads(json_of(outcome()))
    assert told["fingerprint"] == outcome().fingerprint
    assert told["scenes"][1]["expected"] == [{"name": "gross", "expected": 50, "observed": "49.90", "holds": False}]
    assert told["scenes"][0]["evidence"]["requests"][0]["requestId"] == "req_1"
    assert "req_1" not in json.dumps(without_ids_and_times(told))
