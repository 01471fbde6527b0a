"""Whether a link is open, and which of its rules decides."""

import pytest

from funnelproof.clock import DAY, Micros
from funnelproof.errors import Problem
from funnelproof.links.link import (
    Link,
    LinkEnded,
    LinkExpired,
    LinkNotFound,
    RoutingRule,
    When,
    check_not_used_up,
    check_open,
    is_slug,
    matching_rule,
)

NOW: Micros = 1_795_000_000_000_000


@pytest.mark.parametrize(
    ("fields", "problem", "says"),
    [
        ({}, None, ""),
        ({"enabled": False}, LinkNotFound, "enabled"),
        ({"scheduled_start_at": NOW + 1}, LinkNotFound, "begun"),
        ({"scheduled_start_at": NOW}, None, ""),
        ({"scheduled_end_at": NOW}, LinkEnded, "ended at"),
        ({"scheduled_end_at": NOW + 1}, None, ""),
        ({"expires_at": NOW}, LinkExpired, "expired at"),
        ({"expires_at": NOW + 1}, None, ""),
        ({"expires_at": NOW - DAY, "enabled": False}, LinkNotFound, "enabled"),
        ({"scheduled_end_at": NOW - DAY, "expires_at": NOW - DAY}, LinkExpired, "expired"),
    ],
)
def test_when_a_link_is_open(fields: dict[str, int], problem: type[Problem] | None, says: str) -> None:
    link = Link("gharart", "buy-now", "https://shop.example/", **fields)  # type: ignore[arg-type]
    if problem is None:
        check_open(link, NOW)
        return
    with pytest.raises(problem, match=says):
        check_open(link, NOW)


def test_why_a_link_has_ended_is_told() -> None:
    with pytest.raises(LinkEnded) as by_schedule:
        check_open(Link("gharart", "buy-now", "https://shop.example/", scheduled_end_at=NOW), NOW)
    with pytest.raises(LinkEnded) as by_clicks:
        check_not_used_up(Link("gharart", "buy-now", "https://shop.example/", max_clicks=3, used_clicks=3))
    assert (by_schedule.value.extra["reason"], by_clicks.value.extra["reason"]) == ("schedule", "max_clicks")


@pytest.mark.parametrize(
    ("slug", "good"),
    [
        ("abcd", True),
        ("A-b_9", True),
        ("a" * 24, True),
        ("abc", False),
        ("a" * 25, False),
        ("ab cd", False),
        ("ab/cd", False),
        ("abcd\n", False),
        ("🙂🙂🙂🙂", False),
        ("äbcd", False),
    ],
)
def test_what_a_slug_looks_like(slug: str, *, good: bool) -> None:
    assert is_slug(slug) is good


RULES = (
    RoutingRule(20, When(country_in=("IN", "DE")), "https://in.example/"),
    RoutingRule(10, When(device_in=("MOBILE",), source_in=("mail",)), "https://mobile-mail.example/"),
    RoutingRule(20, When(source_in=("mail",)), "https://mail.example/"),
    RoutingRule(90, When(), "https://rest.example/"),
)


@pytest.mark.parametrize(
    ("country", "device", "source", "leads_to"),
    [
        ("IN", "MOBILE", "mail", "https://mobile-mail.example/"),
        ("IN", "DESKTOP", "mail", "https://in.example/"),
        ("FR", "DESKTOP", "mail", "https://mail.example/"),
        ("FR", "MOBILE", "ads", "https://rest.example/"),
        ("ZZ", "UNKNOWN", "direct", "https://rest.example/"),
    ],
)
def test_the_rule_with_the_lowest_priority_decides_and_of_equals_the_first(
    country: str, device: str, source: str, leads_to: str
) -> None:
    link = Link("gharart", "buy-now", "https://shop.example/", routing_rules=RULES)
    rule = matching_rule(link, country=country, device=device, source=source)
    assert rule is not None
    assert rule.destination_url == leads_to


def test_where_no_rule_holds_none_decides() -> None:
    link = Link("gharart", "buy-now", "https://shop.example/", routing_rules=RULES[:1])
    assert matching_rule(link, country="FR", device="MOBILE", source="mail") is None
