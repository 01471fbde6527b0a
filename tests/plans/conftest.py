"""A campaign to run plans against, in-process, as the holder of a token."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from cast import Client
from funnel import Funnel
from funnelproof.plans.outcome import Outcome
from funnelproof.plans.read import Script, read_plan
from funnelproof.plans.run import run_plan

Prove = Callable[..., Outcome]
SCOPES = ("campaigns.*", "links.*", "conversions.*", "analytics.*")


def script_of(text: str, file: str = "plan.yaml") -> Script:
    return read_plan(text.encode(), file)


def scenes(*lines: str, campaign: str = "new-buyer-funnel") -> Script:
    """A plan of these scenes, one on a line."""
    return script_of(
        "\n".join(["plan: A plan", f"campaign: {campaign}", "scenes:", *(f"  - {line}" for line in lines)])
    )


def prove_by(client: Client, token: str, script: Script, **more: Any) -> Outcome:
    """The app is asked as over the network, by the client that the pytest plugin of a shop would use."""

    async def proved() -> Outcome:
        transport = httpx2.ASGITransport(client.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
            return await run_plan(script, http, token=token, **more)

    return client.run(proved())


@pytest.fixture
def prove(client: Client, funnel: Funnel) -> Prove:
    """Runs a plan by the owner's token, in a handle that has the usual campaign."""
    funnel.campaign()
    token = str(funnel.owner.credential)
    return lambda script, **more: prove_by(client, token, script, **more)


def failures(outcome: Outcome) -> list[tuple[int, str, Any, Any]]:
    return [
        (scene.number, check.name, check.expected, check.observed) for scene in outcome.scenes for check in scene.failed
    ]
