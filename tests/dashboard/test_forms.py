"""What forms do, who may send them, and how a refusal is shown where it was caused."""

from html import unescape

from cast import HANDLE, PASSWORD, Cast, Client
from dashboard.conftest import HERE, ONE, Browser, SignedIn
from funnel import CAMPAIGN, SHOP, Funnel
from funnelproof.clock import MINUTE, SetClock
from funnelproof.dashboard.editor import text_of

API = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}"


def test_signing_in_and_out(cast: Cast, browser: Browser) -> None:
    refused = browser.send("/app/signin", "sign-in", email=cast.owner.email, password="wrong")
    assert refused.status_code == 401
    assert "fp_session" not in browser.cookies
    assert "wrong" not in refused.text
    where = browser.done("/app/signin", "sign-in", email=cast.owner.email, password=PASSWORD, next=f"{HERE}/tokens")
    assert where == f"{HERE}/tokens"
    kept = dict(browser.cookies)
    assert browser.send("/app/signin", "sign-out", token=_token(browser)).headers["location"] == "/app/signin"
    browser.cookies = kept
    assert browser.call("GET", HERE).status_code == 303


def _token(browser: Browser) -> str:
    return browser.call("GET", HERE).text.partition('name="form" value="')[2][:64]


def ran(browser: Browser) -> str:
    """Where the receipt of a test that was sent from its screen stands."""
    answer = browser.send(f"{ONE}/tests", "run")
    assert answer.status_code == 200
    return answer.text.partition('data-here="')[2].partition('"')[0]


def test_the_session_cookies_are_out_of_reach_of_scripts_and_other_sites(cast: Cast, browser: Browser) -> None:
    answer = browser.send("/app/signin", "sign-in", email=cast.owner.email, password=PASSWORD, next="//evil.example")
    assert answer.headers["location"] == "/app"
    for line in answer.headers.get_list("set-cookie"):
        assert "HttpOnly" in line
        assert "SameSite=lax" in line


def test_a_session_is_renewed_for_all_tabs_at_once(cast: Cast, signed_in: SignedIn, clock: SetClock) -> None:
    browser = signed_in(cast.owner)
    before = dict(browser.cookies)
    clock.advance(16 * MINUTE)
    browser.see(HERE)
    assert browser.cookies["fp_session"] != before["fp_session"]
    browser.cookies = {**browser.cookies, **before}
    browser.see(HERE)


def test_a_form_from_elsewhere_or_without_its_token_does_nothing(
    sold: Funnel, cast: Cast, signed_in: SignedIn, client: Client
) -> None:
    browser = signed_in(cast.owner)
    for wrong in ({"origin": "https://evil.example"}, {"origin": ""}, {"token": "0" * 64}):
        assert browser.send(ONE, "move", to="PAUSED", **wrong).status_code == 403
    assert client.get(API, by=cast.owner).json()["status"] == "ACTIVE"
    assert browser.done(ONE, "move", to="PAUSED") == ONE
    assert client.get(API, by=cast.owner).json()["status"] == "PAUSED"


def test_a_campaign_is_created_tested_and_launched(cast: Cast, signed_in: SignedIn, client: Client) -> None:
    browser = signed_in(cast.owner)
    told = {"name": "New buyer funnel", "slug": "buy-now", "destinationUrl": f"{SHOP}/a", "second": f"{SHOP}/b"}
    refused = browser.send(f"{HERE}/new", "create", **{**told, "slug": "a"})
    assert refused.status_code == 400
    assert 'value="New buyer funnel"' in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert browser.done(f"{HERE}/new", "create", **told) == f"{ONE}/tests"
    closed = browser.send(ONE, "move", to="ACTIVE")
    assert closed.status_code == 409
    assert "receipts" in closed.text
    receipt = browser.see(ran(browser))
    assert "Test data" in receipt
    browser.done(ONE, "move", to="ACTIVE")
    fields = {"a.weight": "50", "a.name": "A", "b.weight": "50", "b.name": "B", "b.destinationUrl": f"{SHOP}/c"}
    browser.done(f"{ONE}/variants", "save", **fields)
    assert "B's address changed after this test" in browser.see(f"{ONE}/tests")
    assert client.get(API, by=cast.owner).json()["status"] == "ACTIVE"
    assert "by Owner" in browser.see(f"{ONE}/history")


def test_a_decision_is_made_and_undone(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.owner)
    browser.done(f"{ONE}/variants", "decide", variantId="b", reason="It sells more.")
    assert "Everyone sees B" in browser.see(f"{ONE}/variants")
    assert signed_in(cast.teammate).send(f"{ONE}/variants", "undo").status_code == 403
    browser.done(f"{ONE}/variants", "undo")
    assert "Everyone sees B" not in browser.see(f"{ONE}/variants")


def test_a_page_is_written_published_and_rolled_back(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.owner)
    screen = browser.see(f"{ONE}/page?type=WEBINAR")
    document = unescape(screen.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0])
    told = {"title": "Our evening", "structureType": "WEBINAR", "document": document, "accessMode": "FREE_WITH_LOGIN"}
    assert browser.send(f"{ONE}/page", "save", **{**told, "document": "{"}).status_code == 400
    browser.done(f"{ONE}/page", "save", **told)
    assert "token=" in browser.send(f"{ONE}/page", "preview").text
    browser.done(f"{ONE}/page", "publish")
    etag = unescape(browser.see(f"{ONE}/page").partition('name="etag" value="')[2].partition('"><input')[0])
    browser.done(f"{ONE}/page", "save", **{**told, "title": "Another", "etag": etag})
    browser.done(f"{ONE}/page", "publish")
    browser.done(f"{ONE}/page", "publish", version="1")
    assert "back from 2" in browser.see(f"{ONE}/page")


def test_links_people_tokens_and_settings_are_kept(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.owner)
    browser.done(f"{ONE}/links", "make", slug="buy-mail", destinationUrl=f"{SHOP}/a", utmSource="mail")
    assert "QR code of http://127.0.0.1:8080/gharart/buy-mail" in browser.see(f"{ONE}/links")
    browser.done(f"{ONE}/links", "switch", slug="buy-mail", enabled="no")
    assert "switched off" in browser.see(f"{ONE}/links")
    browser.done(f"{HERE}/people", "set", email=cast.stranger.email, role="CREATOR")
    assert cast.stranger.email in browser.see(f"{HERE}/people")
    browser.done(f"{HERE}/people", "remove", email=cast.stranger.email)
    assert cast.stranger.email not in browser.see(f"{HERE}/people")
    made = browser.send(f"{HERE}/tokens", "make", name="shop", scopes="campaigns.read").text
    assert "patv1_" in made
    assert "patv1_" not in browser.see(f"{HERE}/tokens")
    fields = {"name": "Renamed", "attributionWindowDays": "14", "minimumLift": "20", "expectedRate": "4.6"}
    browser.done(f"{ONE}/settings", "save", **fields)
    assert "<h1>Renamed</h1>" in browser.see(ONE)


def test_a_conversion_says_what_became_of_it_and_why(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.owner)
    screen = browser.see(f"{ONE}/conversions")
    assert ">counted<" in screen
    path = screen.partition(f'href="{ONE}/conversions/')[2].partition('"')[0]
    assert "The link buy-now was clicked from mail" in browser.see(f"{ONE}/conversions/{path}")
    assert "No conversion is like that" in browser.see(f"{ONE}/conversions?disposition=HELD")


def test_a_walk_is_begun_and_shows_its_link_and_code(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.owner)
    browser.done(f"{ONE}/walks", "begin", variantId="b")
    screen = browser.see(f"{ONE}/walks")
    assert "fp_walk=wlk_" in screen
    assert "QR code of the test link" in screen
    assert "not opened yet" in screen


def test_a_webhook_is_made_tried_and_removed_and_its_secret_shown_once(
    sold: Funnel, cast: Cast, signed_in: SignedIn
) -> None:
    browser = signed_in(cast.owner)
    told = {"url": "https://hooks.gharart.example/in", "events": "conversion.recorded"}
    made = browser.send(f"{HERE}/webhooks", "make", **told).text
    assert "whsec_" in made
    screen = browser.see(f"{HERE}/webhooks")
    assert "whsec_" not in screen
    webhook_id = screen.partition('name="webhookId" value="')[2].partition('"')[0]
    browser.done(f"{HERE}/webhooks", "try", webhookId=webhook_id)
    assert (
        browser.send(f"{HERE}/webhooks", "make", url="http://169.254.169.254/", events="page.published").status_code
        == 400
    )
    browser.done(f"{HERE}/webhooks", "remove", webhookId=webhook_id)
    assert "None yet" in browser.see(f"{HERE}/webhooks")
    assert "for OPERATORs" in signed_in(cast.teammate).see(f"{HERE}/webhooks")


def test_alerts_are_set_tried_and_turned_off(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    browser, here = signed_in(cast.owner), f"{HERE}/webhooks"
    told = {"mails": "ana@gharart.example, bo@gharart.example", "kinds": "HEALTH WEEKLY"}
    browser.done(here, "tell", **told, chatUrl="https://chat.gharart.example/hooks/very-secret")
    screen = browser.see(here)
    assert 'value="ana@gharart.example, bo@gharart.example"' in screen
    assert "now at chat.gharart.example" in screen
    assert "very-secret" not in screen
    assert [kind for kind in ("HEALTH", "VERDICT", "LAUNCH", "WEEKLY") if f'"{kind}" checked' in screen] == [
        "HEALTH",
        "WEEKLY",
    ]
    browser.done(here, "tell", **told)
    assert "now at chat.gharart.example" in browser.see(here)
    browser.done(here, "tell", **told, noChat="1")
    assert "now at" not in browser.see(here)
    assert browser.send(here, "try_alerts").text.count("it got through") == 2
    refused = browser.send(here, "tell", mails="nobody", kinds="HEALTH")
    assert (refused.status_code, "e-mail" in refused.text) == (400, True)


def test_what_was_written_is_in_the_audit_and_a_report_carries_it(
    sold: Funnel, cast: Cast, signed_in: SignedIn
) -> None:
    browser = signed_in(cast.owner)
    browser.done(f"{ONE}/walks", "begin", variantId="a")
    screen = browser.see(f"{HERE}/audit")
    assert "POST walks" in screen
    request_id = screen.partition(f'href="{HERE}/requests/')[2].partition('"')[0]
    told = {"summary": "Odd", "details": "It looks odd.", "requestId": request_id}
    assert (
        f'requests/{request_id}"><code>{request_id}</code></a> attached'
        in browser.send(f"{HERE}/support", "send", **told).text
    )


def test_a_page_is_edited_as_a_form(sold: Funnel, cast: Cast, signed_in: SignedIn, client: Client) -> None:
    browser, path = signed_in(cast.owner), f"{ONE}/page"
    schema = client.get("/v2/public/schemas/campaign-page/PRODUCT_LAUNCH").json()
    document = {name: part for name, part in schema["examples"][0].items() if name != "variants"}
    told = {"title": "The lamp", "structureType": "PRODUCT_LAUNCH", "base": text_of(document)}
    longer = browser.send(path, "write", **told, add="/sections/faq/items")
    assert longer.status_code == 200
    assert "Not saved yet" in longer.text
    assert 'name="/sections/faq/items/3/question"' in longer.text
    base = unescape(longer.text.partition('name="base" hidden>')[2].partition("</textarea>")[0])
    typed = {
        "/sections/hero/title": "Light!",
        "/sections/hero/points": "One\r\nTwo",
        "/sections/faq/items/3/answer": "",
    }
    refused = browser.send(path, "write", **{**told, "base": base}, **typed)
    assert refused.status_code == 400
    assert 'value="Light!"' in refused.text
    assert "-sections-faq-items-3-answer-fault" in refused.text
    typed["/sections/faq/items/3/answer"] = "Yes."
    assert browser.done(path, "write", **{**told, "base": base}, **typed) == path
    site = f"/v2/handles/{HANDLE}/site-structure/campaigns/{CAMPAIGN}"
    saved = client.get(site, by=cast.owner).json()["draft"]["document"]
    assert saved["sections"]["hero"] == {**document["sections"]["hero"], "title": "Light!", "points": ["One", "Two"]}
    assert [one["answer"] for one in saved["sections"]["faq"]["items"]][-1] == "Yes."
    assert {name: saved[name] for name in saved if name != "sections"} == {
        name: document[name] for name in document if name != "sections"
    }
    etag = client.get(site, by=cast.owner).json()["draft"]["etag"]
    looked = browser.send(path, "write", **{**told, "base": base}, **typed, look="yes", etag=etag)
    assert 'title="Preview of the draft" sandbox' in looked.text
    assert "frame-src 'self' http" in looked.headers["content-security-policy"]
