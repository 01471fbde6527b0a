"""Each screen for each of the cast: who sees it, which buttons, and that it fits its headers and size."""

import pytest

from cast import Cast, Client
from dashboard.conftest import HERE, ONE, Browser, SignedIn
from funnel import CAMPAIGN, Funnel
from funnelproof.dashboard.static import KINDS

PATHS = [f"/app/static/{name}" for name in KINDS]
SCREENS = [
    HERE,
    f"{HERE}/new",
    f"{HERE}/new?rate=4.6&daily=800",
    f"{HERE}/people",
    f"{HERE}/tokens",
    f"{HERE}/connect",
    f"{HERE}/webhooks",
    f"{HERE}/audit",
    f"{HERE}/support",
    f"{HERE}/requests",
    f"{HERE}/go",
    f"{HERE}/go?q=buyer+health&part=1",
    *(
        ONE + tab
        for tab in (
            "",
            "/time",
            "/variants",
            "/tests",
            "/walks",
            "/conversions",
            "/links",
            "/page",
            "/health",
            "/history",
            "/settings",
            "/sheet",
            "/readout",
        )
    ),
]


def test_every_screen_is_shown_to_owner_and_teammate_and_not_to_others(
    sold: Funnel, cast: Cast, signed_in: SignedIn, browser: Browser
) -> None:
    owner, teammate, stranger = (signed_in(actor) for actor in (cast.owner, cast.teammate, cast.stranger))
    for path in SCREENS:
        for who in (owner, teammate):
            answer = who.call("GET", path)
            assert answer.status_code == 200, (path, answer.text[:2000])
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-request-id"]
            assert len(answer.content) < 200 * 1024
            assert "style=" not in answer.text
            assert "<script>" not in answer.text
        assert stranger.call("GET", path).status_code == 404
        answer = browser.call("GET", path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/app/signin")


def test_a_teammate_sees_no_button_that_the_api_would_refuse(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    teammate, owner = signed_in(cast.teammate), signed_in(cast.owner)
    for path, words in (
        (f"{HERE}/tokens", "Make a token"),
        (f"{HERE}/people", "Add somebody"),
        (f"{ONE}/variants", "Send everyone"),
    ):
        assert words in owner.see(path)
        assert words not in teammate.see(path)
    assert "you are <strong>CREATOR</strong>" in teammate.see(HERE)


def test_figures_on_screen_are_those_of_the_api(sold: Funnel, cast: Cast, signed_in: SignedIn, client: Client) -> None:
    screen = signed_in(cast.owner).see(ONE)
    base = f"/v2/handles/gharart/campaigns/{CAMPAIGN}"
    results = client.get(f"{base}/results", by=cast.owner).json()
    totals = client.get(f"/v2/handles/gharart/analytics?campaignId={CAMPAIGN}", by=cast.owner).json()["totals"]
    wanted = {
        "clicks": totals["clicks"],
        "qualifiedClicks": totals["qualifiedClicks"],
        "visitors": results["funnel"]["visitors"],
        "inTest": sum(variant["visitors"] for variant in results["variants"]),
        "converters": results["funnel"]["converters"],
    }
    assert wanted["clicks"] == 30
    assert wanted["converters"] == 6
    for name, count in wanted.items():
        assert f'data-figure="{name}">{count}<' in screen, name
    assert 'data-figure="revenue">$299.40<' in screen
    assert results["verdict"]["sentence"] in screen
    assert '30</span> clicks → <span class="strong">6</span> buyers' in signed_in(cast.owner).see(HERE)


def test_a_handle_without_campaigns_says_what_to_do(cast: Cast, signed_in: SignedIn) -> None:
    assert "Create the first one" in signed_in(cast.owner).see(HERE)


def test_every_call_is_told_as_curl_without_a_credential(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.owner)
    screen = browser.see(ONE)
    assert (
        f'curl -s -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/v2/handles/gharart/campaigns/{CAMPAIGN}/results'
        in screen
    )
    assert f'request <a href="{HERE}/requests/req_' in screen
    assert browser.cookies["fp_session"] not in screen


@pytest.mark.parametrize("path", PATHS)
def test_style_and_script_are_ours(browser: Browser, path: str) -> None:
    assert browser.call("GET", path).status_code == 200


def test_a_campaign_may_be_called_as_a_screen_is(
    funnel: Funnel, cast: Cast, signed_in: SignedIn, browser: Browser
) -> None:
    funnel.campaign(campaignId="live", name="Live!")
    assert "<h1>Live!</h1>" in signed_in(cast.owner).see(f"{HERE}/campaigns/live")
    assert browser.call("GET", f"{HERE}/campaigns/live/live").status_code == 401


def test_an_address_in_the_query_becomes_no_link(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    assert "evil.example" not in signed_in(cast.owner).see(f"{ONE}/page?preview=https://evil.example")


def test_head_is_answered_without_a_body(cast: Cast, signed_in: SignedIn) -> None:
    answer = signed_in(cast.owner).call("HEAD", HERE)
    assert (answer.status_code, answer.content) == (200, b"")


def test_what_is_nowhere_is_said_to_be_so(cast: Cast, signed_in: SignedIn, browser: Browser) -> None:
    owner = signed_in(cast.owner)
    for path in ("/app/static/other.js", "/app/gharart/nothing/here", f"{HERE}/campaigns/none", f"{ONE}/tests/run_x"):
        assert owner.call("GET", path).status_code in (400, 404), path
    assert browser.call("GET", "/").headers["location"] == "/app"


def test_the_campaigns_screen_draws_its_light_and_tells_what_was_changed_before(
    sold: Funnel, cast: Cast, signed_in: SignedIn, client: Client
) -> None:
    owner = signed_in(cast.owner)
    owner.see(ONE)
    sold.change(ctxTtlSeconds=60)
    screen = owner.see(ONE)
    drawn = screen[screen.index('id="lately"') :]
    assert 'class="stretch' in drawn
    assert "ctx life" in drawn
    assert "The campaign was changed." in drawn
    assert "before, by the token" in drawn


def test_the_list_asks_for_its_small_drawings_afterwards(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    owner = signed_in(cast.owner)
    shown = owner.see(HERE)
    assert f'src="{ONE}/spark.svg"' in shown
    assert "/analytics" not in shown
    drawn = owner.call("GET", f"{ONE}/spark.svg")
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert "<polyline" in drawn.text


@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [
        ("buyer", ONE),
        ("buyer heal", f"{ONE}/health"),
        ("readout", f"{ONE}/readout"),
        ("webh", f"{HERE}/webhooks"),
        ("cnv_1", f"{HERE}/requests?id=cnv_1"),
    ],
)
def test_what_is_typed_leads_there(sold: Funnel, cast: Cast, signed_in: SignedIn, typed: str, leads_to: str) -> None:
    shown = signed_in(cast.owner).see(f"{HERE}/go?part=1&q={typed}")
    assert shown.partition('href="')[2].partition('"')[0] == leads_to
