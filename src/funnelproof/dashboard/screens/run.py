"""One receipt: every step with what was expected and seen, as a waterfall."""

from typing import Any

from funnelproof.dashboard.visit import Page, Visit


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    receipt = await visit.get(f"{visit.campaign_api}/test-runs/{visit.parts['run']}")
    falls = {variant["variantId"]: waterfall(variant["steps"]) for variant in receipt["variants"]}
    return Page("run.html", {"campaign": campaign, "receipt": receipt, "falls": falls})


def waterfall(steps: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """(x, width) of each step in a drawing 240 wide: one after the other."""
    whole = sum(step["ms"] for step in steps) or 1.0
    scale, at, found = 240 / whole, 0.0, []
    for step in steps:
        found.append((round(at * scale, 1), max(1.0, round(step["ms"] * scale, 1))))
        at += step["ms"]
    return found
