"""The JSON Schema of plans, for editors: made from the nouns, so that it cannot say something else."""

from functools import cache
from typing import Any

ADDRESS = "/v2/public/schemas/plan"


@cache
def plan_schema() -> dict[str, Any]:
    """JSON Schema 2020-12. Verbs without a value (`pause:`) are allowed."""
    # The nouns of plans take 0.15 s to import, and a server seldom needs them.
    from funnelproof.plans.plan import Plan

    made = Plan.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": ADDRESS, **made, "title": "Plan"}
