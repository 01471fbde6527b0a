"""What is shared of a test: question, plan, dates, verdict, range, split, exclusions, refunds, decision, who."""

import textwrap
from typing import Any

from funnelproof.dashboard.screens.campaign import ranges, results_csv
from funnelproof.dashboard.screens.people import names_of
from funnelproof.dashboard.visit import Page, Visit

CHARACTERS = 78
"""In a line of the picture."""


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    results = await visit.get(f"{visit.campaign_api}/results")
    plan = await visit.get(f"{visit.campaign_api}/sizing")
    rates, ahead = ranges(results)
    told = {
        "campaign": campaign,
        "results": results,
        "plan": plan,
        "people": await names_of(visit),
        "question": _question(results),
        "plots": {"rates": rates, "ahead": ahead},
        "lines": textwrap.wrap(results["verdict"]["sentence"], CHARACTERS),
        "csv": results_csv(results),
    }
    return Page("readout.html", told)


def _question(results: dict[str, Any]) -> str:
    """In the words of the variants' own names."""
    control = [one["name"] for one in results["variants"] if one["control"]]
    others = [one["name"] for one in results["variants"] if not one["control"]]
    if not control or not others:
        return "How does it do?"
    return f"Is {' or '.join(f'“{name}”' for name in others)} better than “{control[0]}”?"
