"""Which variant a click is led to, and how it stands to the test: the rules as a table."""

from dataclasses import replace

import pytest

from clicks.samples import (
    LINK,
    NOW,
    VARIANTS,
    campaign,
    route,
    seen,
    standing,
    ticket_of,
    visitor,
)
from funnelproof.campaigns.campaign import Campaign, CampaignStatus, LaunchPolicy
from funnelproof.clicks.assignment import Kind, Standing, decide
from funnelproof.clicks.visitor import Identity
from funnelproof.links.ctx import Cohort
from funnelproof.links.link import RoutingRule, When

ACTIVE, PAUSED, DRAFT, COMPLETED = (
    campaign(status=status)
    for status in (CampaignStatus.ACTIVE, CampaignStatus.PAUSED, CampaignStatus.DRAFT, CampaignStatus.COMPLETED)
)
COOKIELESS = campaign(include_cookieless=True)
RAMP_0, RAMP_50 = campaign(ramp_percent=0), campaign(ramp_percent=50)
DECIDED = campaign(status=CampaignStatus.COMPLETED, decided_variant=2)
B_OFF = campaign(variants=(VARIANTS[0], replace(VARIANTS[1], enabled=False)))
A, B = "https://shop.example/a", "https://shop.example/b"
TO_A, TO_B = ticket_of(1), ticket_of(2)
OUTSIDE_AT_50 = ticket_of(2, is_open=False, ramp=50)

# (campaign, ticket, identity, standing, kind) → (variant, cohort, enters, destination)
TABLE = [
    ("new, open bucket of a", ACTIVE, TO_A, "COOKIE", None, "PERSON", (1, "ENTERED", True, A)),
    ("new, open bucket of b", ACTIVE, TO_B, "COOKIE", None, "PERSON", (2, "ENTERED", True, B)),
    ("entered follows its row", ACTIVE, TO_A, "COOKIE", standing(variant=2), "PERSON", (2, "ENTERED", False, B)),
    ("entered, by HEAD", ACTIVE, TO_A, "COOKIE", standing(variant=2), "HEAD", (2, "ENTERED", False, B)),
    ("bucket closed", RAMP_50, OUTSIDE_AT_50, "COOKIE", None, "PERSON", (1, "OUTSIDE", False, A)),
    ("nobody at ramp 0", RAMP_0, TO_B, "COOKIE", None, "PERSON", (1, "OUTSIDE", False, A)),
    ("lowered ramp", RAMP_0, TO_B, "COOKIE", standing(variant=2), "PERSON", (2, "ENTERED", False, B)),
    ("bucket opened", ACTIVE, TO_B, "COOKIE", standing(entered=False, cohort=Cohort.OUTSIDE), "PERSON",
     (2, "ENTERED", True, B)),
    ("bot", ACTIVE, TO_B, "COOKIE", None, "BOT", (2, "OUTSIDE", False, B)),
    ("prefetch", ACTIVE, TO_B, "COOKIE", None, "PREFETCH", (2, "OUTSIDE", False, B)),
    ("HEAD", ACTIVE, TO_B, "COOKIE", None, "HEAD", (2, "OUTSIDE", False, B)),
    ("daily", ACTIVE, TO_B, "DAILY", None, "PERSON", (2, "DAILY", False, B)),
    ("daily, closed", RAMP_50, OUTSIDE_AT_50, "DAILY", None, "PERSON", (1, "DAILY", False, A)),
    ("daily, included", COOKIELESS, TO_B, "DAILY", None, "PERSON", (2, "ENTERED", True, B)),
    ("earlier epoch", ACTIVE, TO_A, "COOKIE", standing(variant=2, epoch=1), "PERSON", (2, "EARLIER", False, B)),
    ("paused, known", PAUSED, TO_A, "COOKIE", standing(variant=2), "PERSON", (2, "PAUSED", False, B)),
    ("paused, new", PAUSED, TO_B, "COOKIE", None, "PERSON", (1, "PAUSED", False, A)),
    ("draft, new", DRAFT, TO_B, "COOKIE", None, "PERSON", (1, "PAUSED", False, A)),
    ("completed, known", COMPLETED, TO_B, "COOKIE", standing(variant=2), "PERSON", (1, "AFTER", False, A)),
    ("completed, decided", DECIDED, TO_A, "COOKIE", standing(variant=1), "PERSON", (2, "AFTER", False, B)),
    ("switched off, known", B_OFF, TO_B, "COOKIE", standing(variant=2), "PERSON", (2, "ENTERED", False, A)),
    ("switched off, new", B_OFF, TO_B, "COOKIE", None, "PERSON", (1, "ENTERED", True, A)),
]  # fmt: skip


@pytest.mark.parametrize(("case", "of", "ticket", "identity", "row", "kind", "expected"), TABLE)
def test_where_a_click_is_led_and_as_what(
    case: str,
    of: Campaign,
    ticket: str,
    identity: str,
    row: Standing | None,
    kind: str,
    expected: tuple[int, str, bool, str],
) -> None:
    made = decide(route(campaign=of), visitor(ticket, Identity(identity)), row, seen=seen(Kind(kind)))
    assert (made.variant, made.cohort.value, made.enters, made.destination) == expected, case


RULED = replace(LINK, routing_rules=(RoutingRule(1, When(country_in=("IN",)), "https://in.example/"),))


@pytest.mark.parametrize(
    ("of", "cohort"),
    [(ACTIVE, Cohort.RULE), (PAUSED, Cohort.PAUSED), (DRAFT, Cohort.PAUSED), (COMPLETED, Cohort.AFTER)],
)
@pytest.mark.parametrize("row", [None, standing(variant=2)])
def test_a_click_that_a_rule_decides_has_no_variant_and_enters_nothing(
    of: Campaign, cohort: Cohort, row: Standing | None
) -> None:
    made = decide(route(campaign=of, link=RULED), visitor(TO_B), row, seen=seen(country="IN"))
    assert (made.variant, made.cohort, made.enters, made.destination) == (0, cohort, False, "https://in.example/")


def test_an_entered_click_carries_the_epoch_and_phase_of_its_entry_and_a_new_one_those_of_the_campaign() -> None:
    known = decide(route(), visitor(TO_A), standing(), seen=seen())
    new = decide(route(), visitor(TO_A), None, seen=seen())
    assert ((known.epoch, known.phase), (new.epoch, new.phase)) == ((2, 1), (2, 3))


@pytest.mark.parametrize("rule", [True, False])
def test_a_link_without_a_campaign_leads_on_without_a_variant(*, rule: bool) -> None:
    made = decide(route(campaign=None, link=RULED), visitor(TO_A), None, seen=seen(country="IN" if rule else "ZZ"))
    assert (made.variant, made.cohort) == (0, Cohort.NONE)
    assert made.destination == ("https://in.example/" if rule else A)


@pytest.mark.parametrize(
    ("of", "cohort"), [(ACTIVE, Cohort.OUTSIDE), (PAUSED, Cohort.PAUSED), (COMPLETED, Cohort.AFTER)]
)
def test_a_campaign_without_variants_has_clicks_and_no_test(of: Campaign, cohort: Cohort) -> None:
    made = decide(route(campaign=replace(of, variants=())), visitor(TO_A), None, seen=seen())
    assert (made.variant, made.cohort, made.enters) == (0, cohort, False)


@pytest.mark.parametrize(
    ("changes", "at", "cohort"),
    [
        ({"status": CampaignStatus.ACTIVE, "ends_at": NOW}, NOW, Cohort.AFTER),
        ({"status": CampaignStatus.ACTIVE, "ends_at": NOW + 1}, NOW, Cohort.ENTERED),
        ({"status": CampaignStatus.DRAFT, "first_active_at": None, "starts_at": NOW}, NOW, Cohort.ENTERED),
        ({"status": CampaignStatus.DRAFT, "first_active_at": None, "starts_at": NOW + 1}, NOW, Cohort.PAUSED),
        ({"status": CampaignStatus.PAUSED, "starts_at": NOW}, NOW, Cohort.PAUSED),
        (
            {
                "status": CampaignStatus.DRAFT,
                "first_active_at": None,
                "starts_at": NOW,
                "launch_policy": LaunchPolicy.GUARDED,
            },
            NOW,
            Cohort.PAUSED,
        ),
    ],
)
def test_the_clock_starts_and_ends_at_once(changes: dict[str, object], at: int, cohort: Cohort) -> None:
    made = decide(route(campaign=campaign(**changes)), visitor(TO_A), None, seen=seen(at=at))
    assert made.cohort is cohort
