"""Fixtures for tests of a funnel: a real server, a campaign, and a run of its own for each test.

Loaded by every pytest where Funnelproof is installed: so nothing but pytest is imported until a fixture is asked for.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from funnelproof.rehearsal.house import House
    from funnelproof.rehearsal.run import Campaign, Run
    from funnelproof.rehearsal.server import Server

TOKEN_VARIABLE = "FUNNEL_TOKEN"  # noqa: S105 - a variable's name
USUAL_CAMPAIGN: dict[str, Any] = {
    "campaignId": "rehearsal",
    "name": "Rehearsal",
    "goalType": "PRODUCT_SALE",
    "currency": "USD",
    "status": "ACTIVE",
    "primaryLink": {"slug": "rehearsal", "destinationUrl": "https://shop.example.com/a"},
    "variants": [
        {"variantId": "a", "weight": 50, "control": True},
        {"variantId": "b", "weight": 50, "destinationUrl": "https://shop.example.com/b"},
    ],
}
LONGEST_SEED = 64


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("funnelproof")
    group.addoption(
        "--funnelproof-url",
        default="",
        help=f"Test against this server, with the token in {TOKEN_VARIABLE}, in place of one of the session's own.",
    )
    group.addoption("--funnelproof-campaign", default="", help="The campaign's id, in place of the usual one.")


@pytest.fixture(scope="session")
def funnelproof_server(request: pytest.FixtureRequest) -> "Iterator[Server]":
    """`url`, `token`, `handle` of a real server; one for each session, and for each worker of xdist."""
    from funnelproof.rehearsal.server import Server, ephemeral

    given = request.config.getoption("--funnelproof-url")
    if not given:
        with ephemeral() as server:
            yield server
        return
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        raise pytest.UsageError(f"--funnelproof-url needs a token with campaigns.test in {TOKEN_VARIABLE}.")
    yield Server(given.rstrip("/"), token)


@pytest.fixture(scope="session")
def _funnelproof_house(funnelproof_server: "Server") -> "Iterator[House]":
    from funnelproof.rehearsal.house import house_of

    with house_of(funnelproof_server) as house:
        yield house


@pytest.fixture(scope="session")
def funnelproof_campaign(request: pytest.FixtureRequest) -> str | dict[str, Any]:
    """Override it: the JSON of your campaign, or the id of one that the server has."""
    given: str = request.config.getoption("--funnelproof-campaign")
    if request.config.getoption("--funnelproof-url") and not given:
        raise pytest.UsageError("--funnelproof-url needs --funnelproof-campaign, the id of a campaign there.")
    return given or USUAL_CAMPAIGN


@pytest.fixture
def run(
    request: pytest.FixtureRequest, _funnelproof_house: "House", funnelproof_campaign: str | dict[str, Any]
) -> "Iterator[Run]":
    """A run of this test alone, with a clock of its own; at its end live figures must not have moved."""
    opened = _funnelproof_house.open_run(funnelproof_campaign, seed=_seed(request.node.nodeid))
    yield opened
    if not opened.left_live_figures_alone:
        pytest.fail(f"Live figures moved during the run {opened.id}.", pytrace=False)


@pytest.fixture
def campaign(run: "Run") -> "Campaign":
    """`campaign.visit(variant="B").convert("purchase", 49).expect(disposition="COUNTED", mode="test")`."""
    from funnelproof.rehearsal.run import Campaign

    return Campaign(run)


def _seed(nodeid: str) -> str:
    """The same test meets the same visitors, today and tomorrow, on any worker."""
    kept = "".join(own if own.isascii() and own.isalnum() else "-" for own in nodeid)
    return kept[-LONGEST_SEED:]
