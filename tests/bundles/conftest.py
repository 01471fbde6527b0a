"""A finished run, and its bundle."""

from typing import Any

from cast import HANDLE
from funnel import CAMPAIGN, Funnel

RUNS = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/test-runs"
BODY: dict[str, Any] = {
    "maxValue": "500.00",
    "countingRule": "EVERY",
    "attributionWindowDays": 14,
    "tagPolicy": {"required": ["utm_source"]},
}


def made(funnel: Funnel, **asked: Any) -> dict[str, Any]:
    """By a test conversion of every variant."""
    path = f"{funnel.base}/campaigns/{CAMPAIGN}/test-conversion"
    answer = funnel.client.post(path, asked, by=funnel.owner)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def bundle_of(funnel: Funnel, run: dict[str, Any]) -> bytes:
    answer = funnel.client.get(f"{RUNS}/{run['runId']}/bundle", by=funnel.owner)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    assert run["runId"] in answer.headers["content-disposition"]
    return answer.content
