"""Planned against observed: the tags of each link, and since when one does not arrive."""

from typing import Any

import pytest

from cast import HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, SLUG, Funnel
from funnelproof.clock import DAY, HOUR, SetClock, iso
from funnelproof.tallies.move import QUARTER

PATH = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/tags"
ALL = "utm_source=mail&utm_medium=email&utm_campaign=spring"


def read(funnel: Funnel, query: str = "") -> dict[str, dict[str, Any]]:
    """Of the primary link, by tag."""
    told = funnel.client.get(PATH + query, by=funnel.owner).json()
    (link,) = [link for link in told["links"] if link["slug"] == SLUG]
    return {tag["tag"]: {**tag, "of": link["clicks"]} for tag in link["tags"]}


def quarter_of(at: int) -> str:
    return iso(at // QUARTER * QUARTER)


def test_a_tag_that_stops_arriving_is_told_with_its_time(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign()
    funnel.click(ALL, person=1)
    arrived = quarter_of(clock.now())
    clock.advance(HOUR)
    for person in (2, 3):
        funnel.click("utm_source=mail&utm_medium=email", person=person)
    lost = quarter_of(clock.now())
    clock.advance(HOUR)
    funnel.click("utm_source=mail", person=4)
    seen = read(funnel)
    assert {name: (tag["of"], tag["without"]) for name, tag in seen.items()} == {
        "utm_source": (4, 0),
        "utm_medium": (4, 1),
        "utm_campaign": (4, 3),
    }
    told = seen["utm_campaign"]
    assert (told["lastArrivedAt"], told["missingSince"]) == (arrived, lost)
    assert seen["utm_medium"]["missingSince"] == quarter_of(clock.now())
    assert (seen["utm_source"]["lastArrivedAt"], seen["utm_source"]["missingSince"]) == (quarter_of(clock.now()), None)


def test_what_the_link_plans_stands_beside_what_arrives(funnel: Funnel) -> None:
    funnel.campaign()
    funnel.link(SLUG, campaignId=CAMPAIGN, tracking={"utmCampaign": "spring", "utmContent": "header"})
    funnel.click("utm_source=mail", person=1)
    seen = read(funnel)
    assert (seen["utm_campaign"]["planned"], seen["utm_campaign"]["without"]) == ("spring", 0)
    assert (seen["utm_medium"]["planned"], seen["utm_medium"]["without"]) == (None, 1)
    content = seen["utm_content"]
    assert (content["planned"], content["required"], content["clicks"], content["without"]) == (
        *("header", False),
        *(None, None),
    )


def test_only_the_asked_days_are_looked_at(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign()
    funnel.click("", person=1)
    clock.advance(3 * DAY)
    assert read(funnel)["utm_source"]["clicks"] == 0
    assert read(funnel, "?days=7")["utm_source"]["clicks"] == 1


@pytest.mark.parametrize("days", ["0", "15", "x"])
def test_days_that_cannot_be_are_refused(funnel: Funnel, days: str) -> None:
    funnel.campaign()
    assert funnel.client.get(f"{PATH}?days={days}", by=funnel.owner).status_code == 400


def test_strangers_see_none(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    refused(client.get(PATH, by=cast.stranger), 404, "handle_not_found")
    refused(client.get(PATH.replace(CAMPAIGN, "none"), by=funnel.owner), 404, "campaign_not_found")
