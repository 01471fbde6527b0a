"""The outcome as JSON. Below `evidence` stands what differs between two runs; all else is the same for one seed."""

import json
from typing import Any

from funnelproof.plans.outcome import Outcome

DIFFERS = "evidence"


def json_of(outcome: Outcome) -> str:
    return json.dumps(outcome.as_object(), indent=2, ensure_ascii=False) + "\n"


def without_ids_and_times(report: Any) -> Any:
    """What two runs with one seed have in common, byte for byte."""
    if isinstance(report, dict):
        return {name: without_ids_and_times(own) for name, own in report.items() if name != DIFFERS}
    return [without_ids_and_times(own) for own in report] if isinstance(report, list) else report
