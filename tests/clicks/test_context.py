"""What a ctx says to whoever holds it, and whether it is usable."""

import pytest

from cast import Client
from funnel import CAMPAIGN, Funnel
from funnelproof.clock import DAY, SetClock, iso
from funnelproof.installation import Installation
from funnelproof.links.ctx import open_ctx

PATH = "/v2/public/context"


def told(client: Client, ctx: str) -> dict[str, object]:
    answer = client.get(PATH, params={"ctx": ctx})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def test_a_good_ctx_tells_what_it_holds_but_never_click_or_visitor(
    funnel: Funnel, client: Client, clock: SetClock, installation: Installation
) -> None:
    funnel.campaign()
    click = funnel.click()
    says, ctx = told(client, click.ctx), open_ctx(click.ctx, installation.keyring)
    assert says == {
        "usable": True,
        "reason": None,
        "detail": None,
        "handle": "gharart",
        "slug": "buy-now",
        "campaignId": CAMPAIGN,
        "variantId": "a" if ctx.variant == 1 else "b",
        "mode": "live",
        "cohort": "ENTERED",
        "consent": "full",
        "issuedAt": iso(clock.now()),
        "expiresAt": iso(clock.now() + 31 * DAY),
        "requestId": says["requestId"],
    }
    assert ctx.click_id not in str(says)
    assert ctx.visitor not in str(says)


@pytest.mark.parametrize(
    ("text", "reason"), [("", "missing"), ("abc", "malformed"), ("AAAA." + "A" * 120, "unknown_key")]
)
def test_what_does_not_verify_tells_nothing_but_why(client: Client, text: str, reason: str) -> None:
    says = told(client, text)
    assert (says["usable"], says["reason"]) == (False, reason)
    assert set(says) == {"usable", "reason", "detail", "requestId"}


def test_an_expired_ctx_says_so_and_still_what_it_holds(funnel: Funnel, client: Client, clock: SetClock) -> None:
    funnel.campaign()
    ctx = funnel.click().ctx
    clock.advance(31 * DAY)
    says = told(client, ctx)
    assert (says["usable"], says["reason"], says["campaignId"]) == (False, "expired", CAMPAIGN)


def test_the_variant_is_that_of_its_own_campaign_wherever_the_link_leads_now(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    ctx = funnel.click(person=3).ctx
    before = told(client, ctx)["variantId"]
    funnel.link("spare", campaignId=CAMPAIGN)
    funnel.change(primarySlug="spare")
    funnel.link("buy-now")
    assert told(client, ctx)["variantId"] == before


def test_a_test_ctx_is_judged_by_the_clock_of_its_run(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    run = client.post(f"{funnel.base}/campaigns/{CAMPAIGN}/test-conversion", {}, by=funnel.owner).json()
    says = told(client, run["variants"][0]["ctx"])
    assert (says["mode"], says["usable"], says["reason"]) == ("test", False, "wrong_mode")


def test_a_ctx_among_thousands_of_other_names_is_not_looked_for(client: Client) -> None:
    answer = client.get(PATH + "?" + "%41=%42&" * 8000 + "ctx=abc")
    assert answer.json()["reason"] == "missing"


def test_head_is_get_without_a_body(client: Client) -> None:
    answer = client.call("HEAD", PATH)
    assert (answer.status_code, answer.content) == (200, b"")
