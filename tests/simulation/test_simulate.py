"""`funnelproof simulate` against a real server: what is reported is what was meant, and what is not is told."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from cli.conftest import CAMPAIGN, funnelproof, init, make_token, serving
from funnelproof.simulation.population import Figures
from funnelproof.simulation.simulate import Summary

NOWHERE = ("--campaign", "nowhere", "--url", "http://127.0.0.1:9", "--token", "t")


@pytest.mark.timeout(300)
def test_what_was_meant_is_reported_and_one_seed_sends_the_same_bytes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert init(data).returncode == 0
    token = make_token(data, "campaigns.*", "links.*", "analytics.read")
    with serving(data) as served, served.client(token) as client:
        made = client.post("/v2/handles/gharart/campaigns", json={**CAMPAIGN, "currency": "USD"})
        assert made.status_code == 201, made.text
        words = ("--campaign", "new-buyer-funnel", "--url", served.url, "--token", "-", "--rate", "A=0.3,b=0.5")
        more = ("--visitors", 60, "--days", 2, "--seed", 7, "--json")
        first = funnelproof("simulate", *words, *more, "--dump", tmp_path / "one", stdin=token)
        second = funnelproof("simulate", *words, *more, "--dump", tmp_path / "two", stdin=token)
        live = client.get("/v2/handles/gharart/analytics?campaignId=new-buyer-funnel&groupBy=variant").json()
        unnamed = funnelproof("simulate", *words[:-1], "A=0.3", stdin=token)
        unknown = funnelproof("simulate", *words[:-1], "A=0.3,C=0.1", stdin=token)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    told, again = json.loads(first.stdout), json.loads(second.stdout)
    assert told["meant"] == told["reported"] == again["reported"]
    assert sum(own["visitors"] for own in told["reported"].values()) == 60
    assert all(own["converters"] > 0 for own in told["reported"].values())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() != b""
    assert live["totals"]["clicks"] == 0
    assert (unnamed.returncode, "--rate says nothing of b" in unnamed.stderr) == (2, True)
    assert (unknown.returncode, "no variant C with weight" in unknown.stderr) == (2, True)


@pytest.mark.timeout(300)
def test_into_live_figures_only_where_it_is_allowed_and_the_history_says_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert init(data).returncode == 0
    token = make_token(data, "campaigns.*", "links.*", "analytics.read")
    options = ("--campaign", "new-buyer-funnel", "--token", "-", "--rate", "a=0.3,b=0.5", "--visitors", 40, "--json")
    with serving(data) as served, served.client(token) as client:
        made = client.post("/v2/handles/gharart/campaigns", json={**CAMPAIGN, "currency": "USD"})
        assert made.status_code == 201, made.text
        closed = funnelproof("simulate", *options, "--url", served.url, "--live", stdin=token)
        before = client.get("/v2/handles/gharart/analytics?campaignId=new-buyer-funnel").json()["totals"]
    assert (closed.returncode, "FUNNELPROOF_LIVE_SIMULATIONS=1" in closed.stdout + closed.stderr) == (2, True)
    assert before["clicks"] == 0
    with serving(data, FUNNELPROOF_LIVE_SIMULATIONS="1") as served, served.client(token) as client:
        sent = funnelproof("simulate", *options, "--url", served.url, "--live", stdin=token)
        history = client.get("/v2/handles/gharart/campaigns/new-buyer-funnel/history").json()["items"]
        live = client.get("/v2/handles/gharart/analytics?campaignId=new-buyer-funnel").json()["totals"]
    assert sent.returncode == 0, sent.stdout + sent.stderr
    told = json.loads(sent.stdout)
    assert told["meant"] == told["reported"]
    assert (history[0]["act"], live["visitors"]) == ("live_simulation", 40)
    assert funnelproof("recount", "--check", "--data", data).returncode == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((*NOWHERE, "--rate", "A"), "'A' is not understood"),
        ((*NOWHERE, "--rate", "A=2"), "'A=2' is not understood"),
        ((*NOWHERE, "--rate", "A=0.1", "--dump", "/nowhere/at/all"), "cannot be written"),
        ((*NOWHERE, "--rate", "A=0.1"), "http://127.0.0.1:9 does not answer"),
    ],
)
def test_what_cannot_be_used_ends_with_2(words: tuple[str, ...], sentence: str) -> None:
    told = funnelproof("simulate", *words)
    assert (told.returncode, sentence in told.stderr) == (2, True), told.stderr


def test_a_figure_that_differs_is_named() -> None:
    meant = {"a": Figures(2, 1, Decimal("49.90")), "b": Figures()}
    reported = {"a": Figures(2, 1, Decimal("99.80")), "b": Figures(1)}
    summary = Summary("run", "7", 4, 1.0, meant, reported)
    assert summary.differing == [("a", "revenue"), ("b", "visitors")]
