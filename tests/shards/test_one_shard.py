"""Every statement of the product stays on the shard of one handle, but for a closed list with a reason for each."""

from pathlib import Path

import funnelproof
from funnelproof.access.audience import AUDIENCE
from funnelproof.storage.schema.placement import PLACEMENTS, Placement
from shards.conftest import Everything
from shards.recorder import functions_that_ask
from shards.scenario import do_everything
from shards.shape import crossing

TENANTS = {name for name, placement in PLACEMENTS.items() if placement is Placement.BY_HANDLE}
CROSSES_SHARDS = {
    "notifications/store.py:with_due": "the courier looks for webhooks to which something is due",
    "notifications/store.py:handles_with_clicks": "clicks that wait to be told are looked for",
    "notifications/store.py:forget": "deliveries older than 30 days are looked for",
    "access/store.py:roles_of": "a person's handles, at sign-in",
    "handles/store.py:of_member": "the list of a person's handles",
    "access/store.py:token_by_id": "a token's first use in a process, where no path names its handle",
    "campaigns/store.py:due": "the timer looks for what is to begin or end",
    "campaigns/store.py:due_at_gate": "the timer looks for gates to try",
    "campaigns/store.py:after": "probing goes from campaign to campaign",
    "health/lights.py:to_brake": "the brake looks for lights that turned to FAIL",
    "notifications/people.py:due": "what is to be told to people is looked for",
    "notifications/people.py:page": "the week is told handle by handle",
    "probing/store.py:forget": "findings older than 30 days are looked for",
    "health/lights.py:after": "the watch looks for campaigns whose light is due",
    "handles/store.py:after": "retention goes from handle to handle",
    "results/store.py:running": "the watch looks for running tests",
    "proofs/forget.py:forget_worlds": "what is older than 30 days is looked for",
    "walks/store.py:back_unseen": "walks whose order has come are looked for",
    "audit/store.py:unchained": "new lines of the audit are given their place in the chain",
    "recount/rows.py:scopes": "the recount looks for every handle and world",
}
"""Functions whose statements ask all shards, and why they may. The same list stands in docs/scaling.md."""

ASIDE_ROUTES = {("GET", "/v2/handles/{handle}/analytics/export")}
ASIDE = {"exports/read.py:count", "exports/read.py:groups"}
"""Exports are made in a process of their own, where this recorder does not listen: `tests/exports` reads them."""

MANUAL = Path(funnelproof.__file__).parents[2] / "docs" / "scaling.md"


def test_statements_of_all_routes_and_jobs_name_their_handle(everything: Everything) -> None:
    """And the scenario leaves nothing out: each route answered well, each function that asks storage was called."""
    do_everything(everything)
    recorder = everything.recorder
    assert {(rule.method, rule.path) for rule in AUDIENCE} - everything.routes == ASIDE_ROUTES
    assert functions_that_ask() - recorder.places == ASIDE
    crossed = [(sent, tables) for sent in recorder.statements if (tables := crossing(sent.sql, TENANTS))]
    unforeseen = {sent.sql: tables for sent, tables in crossed if not sent.places & CROSSES_SHARDS.keys()}
    assert unforeseen == {}
    met = {place for sent, _ in crossed for place in sent.places & CROSSES_SHARDS.keys()}
    assert met == CROSSES_SHARDS.keys()


def test_nothing_of_the_hot_path_may_cross() -> None:
    hot = ("clicks/", "conversions/", "tallies/", "links/", "worlds/", "keys/")
    assert [place for place in CROSSES_SHARDS if place.startswith(hot)] == []


def test_the_manual_lists_what_crosses_shards_with_its_reason() -> None:
    page = MANUAL.read_text()
    for place, reason in CROSSES_SHARDS.items():
        assert f"| `{place}` | {reason} |" in page, place
