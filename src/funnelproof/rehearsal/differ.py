"""What was expected beside what was seen, so that a reader finds the difference at once. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from funnelproof.plans.expect import ABSENT, checks_of

LONGEST = 200


def difference(what: str, expected: Mapping[str, Any], seen: Mapping[str, Any], *, whole: bool) -> str | None:
    """None if all is as expected. `whole`: nothing may have been seen besides, but members that are None."""
    checks = list(checks_of(expected, seen))
    named = {check.name.split(".")[0] for check in checks} | set(expected)
    besides = {name: own for name, own in seen.items() if name not in named and own is not None} if whole else {}
    if all(check.holds for check in checks) and not besides:
        return None
    lines = [f"{what}: not as expected."]
    for check in checks:
        if check.holds:
            lines.append(f"    {check.name} = {_shown(check.observed)}")
        else:
            lines += [f"  - {check.name} = {_shown(check.expected)}   (expected)"]
            lines += [f"  + {check.name} = {_shown(check.observed)}   (seen)"]
    lines += [f"  + {name} = {_shown(own)}   (seen, and nothing was expected)" for name, own in besides.items()]
    unknown = [check.name for check in checks if check.observed == ABSENT and not check.holds]
    if unknown:
        lines.append(f"  There are: {', '.join(sorted(seen))}.")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, str) and value == ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
