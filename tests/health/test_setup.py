"""Checks of what is configured."""

from typing import Any

import pytest

from funnelproof.campaigns.campaign import CampaignStatus
from funnelproof.clock import DAY, HOUR
from funnelproof.health.check import Status
from funnelproof.health.checks.destination import destination
from funnelproof.health.checks.setup import campaign_status, ctx_life, primary_link
from funnelproof.health.evidence import Flow, Lately
from funnelproof.links.link import RoutingRule, When
from funnelproof.probing.finding import Finding, Outcome
from health.perfect import LINK, NOW, evidence, phase

PASS, WARN, FAIL, UNKNOWN = Status


@pytest.mark.parametrize(
    ("status", "expected"), [("ACTIVE", PASS), ("DRAFT", WARN), ("PAUSED", WARN), ("COMPLETED", WARN)]
)
def test_only_an_active_campaign_is_in_order(status: str, expected: Status) -> None:
    found = campaign_status(evidence(campaign={"status": CampaignStatus(status)}))
    assert (found.status, found.evidence["status"]) == (expected, status)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({}, PASS),
        ({"enabled": False}, FAIL),
        ({"campaign_id": "another"}, FAIL),
        ({"scheduled_start_at": NOW}, PASS),
        ({"scheduled_start_at": NOW + 1}, FAIL),
        ({"scheduled_end_at": NOW + 1}, PASS),
        ({"scheduled_end_at": NOW}, FAIL),
        ({"expires_at": NOW + 1}, PASS),
        ({"expires_at": NOW}, FAIL),
        ({"max_clicks": 10, "used_clicks": 9}, PASS),
        ({"max_clicks": 10, "used_clicks": 10}, FAIL),
        ({"password_hash": "…"}, PASS),
    ],
)
def test_the_primary_link_is_bound_enabled_and_open_now(link: dict[str, Any], expected: Status) -> None:
    found = primary_link(evidence(link=link))
    assert found.status is expected
    assert bool(found.remedy) == (expected is FAIL)


def test_a_campaign_without_a_primary_link_is_not_proven_and_one_whose_link_is_gone_fails() -> None:
    assert primary_link(evidence(campaign={"primary_slug": None}, link=None)).status is UNKNOWN
    assert primary_link(evidence(link=None)).status is FAIL


def test_a_link_that_begins_later_says_when() -> None:
    assert "2026-11-24T09:00:00Z" in primary_link(evidence(link={"scheduled_start_at": NOW + DAY})).title


def test_destinations_pass_once_a_ctx_came_back_from_each_variant() -> None:
    found = destination(evidence())
    assert found is not None
    assert (found.status, found.evidence["notProven"]) == (PASS, [])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"flows": {}, "phases": (), "lately": {}}, ["A", "B"]),
        ({"flows": {1: Flow(10, 1)}, "phases": (), "lately": {}}, ["B"]),
        ({"flows": {}, "phases": (phase(b=(5, 1, 0)),), "lately": {}}, ["A"]),
        ({"flows": {}, "phases": (), "lately": {("ctx_accepted", "2"): 1}}, ["A"]),
        ({"flows": {}, "phases": (phase(a=(5, 0, 0)),), "lately": {("ctx_refused", "expired 1"): 1}}, ["A", "B"]),
    ],
)
def test_https_alone_does_not_prove_that_the_ctx_is_kept(changes: dict[str, Any], named: list[str]) -> None:
    found = destination(evidence(**changes))
    assert found is not None
    assert found.status is UNKNOWN
    assert [line.partition(":")[0] for line in found.evidence["notProven"]] == named


def test_an_address_that_is_not_https_warns_and_is_named() -> None:
    found = destination(evidence(link={"destination_url": "http://shop.gharart.example/a"}))
    assert found is not None
    assert (found.status, found.evidence["notHttps"]) == (WARN, ["http://shop.gharart.example/a"])
    rule = RoutingRule(1, When(country_in=("IN",)), "http://in.gharart.example/")
    ruled = destination(evidence(link={"routing_rules": (rule,)}))
    assert ruled is not None
    assert ruled.status is WARN


def test_without_a_link_there_is_no_destination_to_look_at() -> None:
    assert destination(evidence(link=None)) is None


def test_a_campaign_without_variants_leads_to_its_links_destination() -> None:
    found = destination(evidence(campaign={"variants": ()}, lately=Lately({("ctx_accepted", "0"): 1})))
    assert found is not None
    assert (found.status, found.evidence["destinations"]) == (PASS, {"the campaign": LINK.destination_url})


@pytest.mark.parametrize(("seconds", "expected"), [(30 * 86_400, PASS), (30 * 86_400 - 1, WARN), (60, WARN)])
def test_a_ctx_lives_as_long_as_the_attribution_window(seconds: int, expected: Status) -> None:
    assert ctx_life(evidence(campaign={"ctx_ttl_seconds": seconds})).status is expected


def test_a_short_life_is_told_in_words() -> None:
    found = ctx_life(evidence(campaign={"ctx_ttl_seconds": 3600}))
    assert found.title == "A ctx lives 1 h, the attribution window is 30 d."
    assert found.evidence == {"n": 1, "ctxTtlSeconds": HOUR // 1_000_000, "attributionWindowSeconds": 2_592_000}


def _probe(outcome: str, *, failures: int = 0, age: int = 0) -> Finding:
    return Finding(Outcome(outcome), "It did.", "https://shop.gharart.example/", 200, 1, NOW - age, failures)


UNSEEN: dict[str, Any] = {"flows": {}, "phases": (), "lately": {}}


@pytest.mark.parametrize(
    ("changes", "of_b", "status"),
    [
        (UNSEEN, _probe("KEEPS"), PASS),
        (UNSEEN, _probe("KEEPS", age=DAY + 1), UNKNOWN),
        (UNSEEN, _probe("CLOSED"), UNKNOWN),
        (UNSEEN, _probe("LOSES_CTX"), FAIL),
        ({}, _probe("LOSES_CTX"), WARN),
        ({}, _probe("BROKEN", failures=1), WARN),
        ({}, _probe("BROKEN", failures=2), FAIL),
        ({}, _probe("REFUSED"), FAIL),
        ({}, _probe("ENDS_ON_HTTP"), WARN),
        ({}, _probe("CLOSED"), PASS),
    ],
)
def test_what_a_probe_found_counts_for_a_day(changes: dict[str, Any], of_b: Finding, status: Status) -> None:
    a, b = "https://shop.gharart.example/a", "https://shop.gharart.example/b"
    found = destination(evidence(**changes, probes={a: _probe("KEEPS"), b: of_b}))
    assert found is not None
    assert found.status is status
    assert ("B" in found.evidence["probes"]) is (of_b.probed_at >= NOW - DAY)
