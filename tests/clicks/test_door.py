"""The redirect over HTTP: every gate, what is recorded, and that nothing answers 500."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cast import HANDLE, Client, make_cast, refused
from conftest import MakeInstallation
from funnel import BOT, BROWSER, CAMPAIGN, SHOP, TAGS, Funnel, cookie_of
from funnelproof.app import Application
from funnelproof.clock import DAY, HOUR, MINUTE, SetClock, iso
from funnelproof.errors import Unavailable
from funnelproof.installation import Installation
from funnelproof.links.ctx import Cohort, open_ctx

LINK = f"/v2/handles/{HANDLE}/links/buy-now"
HTML = {"accept": "text/html"}


def test_a_click_is_led_on_with_a_ctx_and_recorded_before_the_answer(
    funnel: Funnel, installation: Installation
) -> None:
    funnel.campaign()
    made = funnel.click(TAGS + "&x=1", headers={"referer": "https://news.example/a"})
    ctx = open_ctx(made.ctx, installation.keyring)
    (row,) = funnel.rows("clicks")
    assert made.answer.headers["cache-control"] == "no-store"
    assert (made.query["utm_source"], made.query["x"]) == ("mail", "1")
    assert (ctx.handle, ctx.campaign, ctx.slug, ctx.cohort) == (HANDLE, CAMPAIGN, "buy-now", Cohort.ENTERED)
    assert (row["click_id"], row["variant"], row["visitor"]) == (ctx.click_id, ctx.variant, ctx.visitor)
    assert (row["kind"], row["referrer"], row["source"], row["device"]) == ("PERSON", "news.example", "mail", "DESKTOP")
    assert row["tags"] == {"utm_source": "mail", "utm_medium": "email", "utm_campaign": "spring"}


def test_a_person_keeps_its_variant_whatever_the_weights_become(funnel: Funnel) -> None:
    shown = funnel.campaign()
    before = {person: funnel.click(person=person).path for person in range(1, 21)}
    assert set(before.values()) == {"/a", "/b"}
    a, b = shown["variants"]
    funnel.change(variants=[{**a, "weight": 1000}, {**b, "weight": 1}])
    assert {person: funnel.click(person=person).path for person in before} == before
    assert len(funnel.rows("ledger")) == 20


@pytest.mark.parametrize(("redirect_type", "status"), [(302, 302), (307, 307)])
def test_the_link_says_how_it_redirects(funnel: Funnel, redirect_type: int, status: int) -> None:
    funnel.link("offer", redirectType=redirect_type)
    assert funnel.follow(slug="offer").status_code == status


def test_a_link_without_a_campaign_works_as_well(funnel: Funnel, installation: Installation) -> None:
    funnel.link("offer")
    ctx = open_ctx(funnel.click(slug="offer").ctx, installation.keyring)
    assert (ctx.campaign, ctx.variant, ctx.cohort) == ("", 0, Cohort.NONE)


def test_a_link_may_do_without_the_ctx(funnel: Funnel) -> None:
    funnel.link("offer", destinationUrl=f"{SHOP}/?ctx=theirs", trackingPolicy={"appendContextParam": False})
    assert funnel.click(slug="offer").query == {"ctx": "theirs"}
    assert funnel.rows("clicks")[0]["with_ctx"] is False


def test_the_bridge_page_leads_on_without_a_script(funnel: Funnel) -> None:
    funnel.link("offer", destinationUrl=f"{SHOP}/?a=1&b=2", trackingPolicy={"mode": "BRIDGE"})
    page = funnel.follow(slug="offer")
    assert (page.status_code, page.headers["referrer-policy"]) == (200, "no-referrer")
    assert "<script" not in page.text
    assert f'content="0; url={SHOP}/?a=1&amp;b=2&amp;ctx=' in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert len(funnel.rows("clicks")) == 1


@pytest.mark.parametrize(
    ("fields", "advance", "status", "code"),
    [
        ({"enabled": False}, 0, 404, "not_found"),
        ({"scheduledStartAt": "2026-11-23T10:00:00Z"}, 0, 404, "not_found"),
        ({"scheduledStartAt": "2026-11-23T10:00:00Z"}, HOUR, 302, None),
        ({"scheduledEndAt": "2026-11-23T10:00:00Z"}, HOUR, 410, "link_ended"),
        ({"expiresAt": "2026-11-23T10:00:00Z"}, HOUR, 410, "link_expired"),
        ({"expiresAt": "2026-11-23T10:00:00Z"}, HOUR - 1, 302, None),
    ],
)
def test_when_a_link_is_open(
    funnel: Funnel, clock: SetClock, fields: dict[str, Any], advance: int, status: int, code: str | None
) -> None:
    funnel.link("offer", **fields)
    clock.advance(advance)
    answer = funnel.follow(slug="offer")
    assert answer.status_code == status
    if code is not None:
        refused(answer, status, code)
        page = funnel.follow(slug="offer", headers=HTML)
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert page.headers["x-request-id"] in page.text
        assert funnel.rows("clicks") == []


@pytest.mark.parametrize(
    "path",
    [
        f"/{HANDLE}/nothing",
        f"/{HANDLE}/%F0%9F%99%82%F0%9F%99%82%F0%9F%99%82%F0%9F%99%82",
        f"/{HANDLE}/abc",
        "/nobody/buy-now",
        "/%00bad/buy-now",
        "/%ff%fe/buy-now",
        f"/{HANDLE}/buy-now%00",
        "/Gharart/buy-now",
    ],
)
def test_an_address_where_nothing_is(funnel: Funnel, client: Client, path: str) -> None:
    funnel.campaign()
    refused(client.get(path), 404, "not_found")


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("utm_source=%00%01", {}),
        ("utm_source=" + "x" * 5000, {}),
        ("utm_source=%F0%9F%99%82&utm_medium=%FF%FE", {}),
        ("utm_source=%7f&a=%ZZ", {}),
        ("", {"referer": "https://a\x00b/"}),
        ("", {"cookie": "fp_vid=%00; x"}),
        ("", {"user-agent": "\x00\xff" * 100}),
        ("", {"x-request-id": "a\x00b"}),
    ],
)
def test_no_text_that_a_click_brings_breaks_storage(
    make_installation: MakeInstallation, engine: str, query: str, headers: dict[str, str]
) -> None:
    home = make_installation(engine)
    with Client(Application(home)) as client:
        funnel = Funnel(client, make_cast(home))
        funnel.campaign()
        told = [(name, value.encode("latin-1")) for name, value in {"user-agent": BROWSER, **headers}.items()]
        answer = client.get(f"/{HANDLE}/buy-now?{query}", headers=dict(told))
        assert answer.status_code == 302, answer.text
        assert answer.headers["location"].isascii()


def test_max_clicks_is_used_up_by_people_and_nobody_is_led_on_afterwards(funnel: Funnel) -> None:
    funnel.link("offer", maxClicks=2)
    for more in ({"method": "HEAD"}, {"headers": {"user-agent": BOT}}, {"headers": {"sec-purpose": "prefetch"}}):
        assert funnel.follow(slug="offer", **more).status_code == 302
    assert [funnel.follow(slug="offer", person=person).status_code for person in (1, 2, 3)] == [302, 302, 410]
    gone = refused(funnel.follow(slug="offer"), 410, "link_ended")
    assert gone["reason"] == "max_clicks"
    assert funnel.follow(slug="offer", headers={"user-agent": BOT}).status_code == 410
    assert len(funnel.rows("clicks")) == 5


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"method": "HEAD"}, "HEAD"),
        ({"headers": {"user-agent": BOT}}, "BOT"),
        ({"headers": {"sec-purpose": "prefetch"}}, "PREFETCH"),
    ],
)
def test_what_is_no_person_is_answered_recorded_and_enters_nothing(funnel: Funnel, more: Any, kind: str) -> None:
    funnel.campaign()
    answer = funnel.follow(person=5, **more)
    assert (answer.status_code, answer.content) == (302, b"")
    assert [row["kind"] for row in funnel.rows("clicks")] == [kind]
    assert funnel.rows("ledger") == []
    (all_row,) = [row for row in funnel.rows("day_tallies") if row["dimension"] == "all"]
    assert (all_row["clicks"], all_row["qualified_clicks"], all_row["bot_clicks"]) == (1, 0, int(kind == "BOT"))


def test_a_first_click_sets_the_cookie_and_the_next_does_not(funnel: Funnel) -> None:
    funnel.campaign()
    cookie = funnel.follow(person=None).headers["set-cookie"]
    assert cookie.startswith("fp_vid=")
    assert f"Path=/{HANDLE};" in cookie
    value = cookie.partition(";")[0]
    assert "set-cookie" not in funnel.follow(person=None, headers={"cookie": value}).headers
    assert len(funnel.rows("ledger")) == 1


def test_a_cookie_of_another_form_is_replaced(funnel: Funnel) -> None:
    funnel.campaign()
    assert "set-cookie" in funnel.follow(person=None, headers={"cookie": "fp_vid=admin"}).headers


@pytest.mark.parametrize(
    ("query", "headers", "consent", "visitors"),
    [("", {"sec-gpc": "1"}, "basic", 1), ("fp_consent=denied", {}, "denied", 2)],
)
def test_without_consent_no_cookie_is_set_and_nobody_enters(
    funnel: Funnel, query: str, headers: dict[str, str], consent: str, visitors: int
) -> None:
    funnel.campaign()
    answers = [funnel.follow(query, person=None, headers=headers) for _ in range(2)]
    assert all("set-cookie" not in answer.headers for answer in answers)
    assert {(row["consent"], row["cohort"]) for row in funnel.rows("clicks")} == {(consent, "DAILY")}
    ledger = funnel.rows("ledger")
    assert len(ledger) == visitors
    assert all(row["entered_at"] is None for row in ledger)


def test_who_is_known_for_a_day_is_another_the_next_day(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign()
    for _ in range(2):
        funnel.follow(person=None, headers={"sec-gpc": "1"})
        clock.advance(DAY)
    assert len({row["visitor"] for row in funnel.rows("clicks")}) == 2


def test_while_paused_links_keep_working_and_nobody_enters(funnel: Funnel) -> None:
    funnel.campaign()
    known = funnel.click(person=1).path
    funnel.move("PAUSED")
    assert funnel.click(person=1).path == known
    assert funnel.click(person=2).path == "/a"
    assert [row["cohort"] for row in funnel.rows("clicks")][1:] == ["PAUSED", "PAUSED"]
    funnel.move("ACTIVE")
    funnel.click(person=2)
    assert [row["cohort"] for row in funnel.rows("ledger")] == ["ENTERED", "ENTERED"]


def test_an_ended_test_leaves_its_links_alive(funnel: Funnel) -> None:
    funnel.campaign()
    funnel.move("COMPLETED")
    assert funnel.click(person=2).path == "/a"
    assert funnel.rows("clicks")[0]["cohort"] == "AFTER"


def test_a_routing_rule_decides_before_the_variant(funnel: Funnel) -> None:
    funnel.campaign()
    rule = {"priority": 1, "when": {"sourceIn": ["ads"]}, "destinationUrl": f"{SHOP}/ads"}
    funnel.link("buy-now", campaignId=CAMPAIGN, routingRules=[rule])
    assert funnel.click("utm_source=ads").path == "/ads"
    assert [(row["variant"], row["cohort"]) for row in funnel.rows("clicks")] == [(0, "RULE")]


def test_tracking_of_the_link_completes_the_tags_of_the_click(funnel: Funnel) -> None:
    funnel.campaign()
    funnel.link("buy-now", campaignId=CAMPAIGN, tracking={"utmSource": "link", "utmMedium": "link"})
    made = funnel.click("utm_source=click")
    assert (made.query["utm_source"], made.query["utm_medium"]) == ("click", "link")
    assert funnel.rows("clicks")[0]["tags"] == {"utm_source": "click", "utm_medium": "link"}


def test_a_password_is_asked_for_tried_five_times_a_minute_and_leads_on_with_303(
    funnel: Funnel, clock: SetClock
) -> None:
    funnel.link("offer", password="open sesame")
    asked = funnel.follow(slug="offer")
    assert (asked.status_code, 'type="password"' in asked.text) == (200, True)

    def tried(password: str, person: int = 1) -> Any:
        return funnel.follow(slug="offer", method="POST", person=person, data={"password": password})

    wrong = [tried("wrong").status_code for _ in range(4)]
    assert (wrong, tried("open sesame").status_code) == ([403] * 4, 303)
    limited = refused(tried("open sesame"), 429, "rate_limited")
    assert limited["retryable"] is True
    clock.advance(MINUTE)
    assert tried("open sesame").headers["location"].startswith(f"{SHOP}/a?ctx=")
    assert len(funnel.rows("clicks")) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_link_takes_get_and_head_only(funnel: Funnel, method: str) -> None:
    funnel.link("offer")
    answer = funnel.follow(slug="offer", method=method)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers.get_list("allow") == [
        "GET, HEAD" if method == "POST" else "GET, HEAD, POST",
    ]


def test_a_request_id_that_was_sent_comes_back_and_is_kept(funnel: Funnel) -> None:
    funnel.campaign()
    answer = funnel.follow(headers={"x-request-id": "order-42:a"})
    assert answer.headers["x-request-id"] == "order-42:a"
    assert funnel.rows("clicks")[0]["request_id"] == "order-42:a"


class NoStorage:
    """A lane of a process whose storage is away."""

    waiting = 0

    async def submit(self, _verb: object, _claim: object, **_: str) -> object:
        raise Unavailable

    def close(self) -> None: ...


@pytest.fixture
def cut_off(installation: Installation, funnel: Funnel) -> Iterator[Funnel]:
    """The same funnel, its routes known, its storage gone."""
    funnel.link("refuse")
    funnel.link("lead", onStorageFailure="LEAD_ON")
    application = Application(replace(installation, lane=NoStorage()))  # type: ignore[arg-type]
    with Client(application) as client:
        yield Funnel(client, funnel.cast)


def test_while_storage_is_away_the_link_says_whether_a_buyer_is_led_on(cut_off: Funnel) -> None:
    answer = cut_off.follow(slug="refuse")
    assert refused(answer, 503, "unavailable")["retryable"] is True
    assert answer.headers["retry-after"]
    page = cut_off.follow(slug="refuse", headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    led = cut_off.click("a=1", slug="lead")
    assert led.query == {"a": "1"}
    assert cut_off.client.app.follow_door.untracked == 1
    assert cut_off.rows("clicks") == []


def test_links_answer_at_the_sub_domain_of_their_handle(make_installation: MakeInstallation) -> None:
    home = make_installation(public_domain="go.example")
    with Client(Application(home)) as client:
        funnel = Funnel(client, make_cast(home))
        funnel.campaign()
        answer = client.get("/buy-now", headers={"host": f"{HANDLE}.go.example", "user-agent": BROWSER})
        assert answer.status_code == 302, answer.text
        assert "Path=/;" in answer.headers["set-cookie"]
        assert client.get("/buy-now", headers={"host": "nobody.go.example"}).status_code == 404


def test_end_and_start_by_the_clock_hold_at_once(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign(status="DRAFT", startsAt=iso(clock.now() + HOUR), endsAt=iso(clock.now() + 3 * HOUR))
    for _ in range(3):
        funnel.click(person=1)
        clock.advance(2 * HOUR)
    assert [row["cohort"] for row in funnel.rows("clicks")] == ["PAUSED", "ENTERED", "AFTER"]


@pytest.mark.parametrize(("trusted", "country"), [([], "ZZ"), (["127.0.0.1"], "IN")])
def test_the_country_comes_from_a_trusted_proxy_only(
    make_installation: MakeInstallation, trusted: list[str], country: str
) -> None:
    home = make_installation(country_header="CF-IPCountry", trusted_proxies=trusted)
    with Client(Application(home)) as client:
        funnel = Funnel(client, make_cast(home))
        funnel.campaign()
        funnel.follow(headers={"cf-ipcountry": "in"})
        assert funnel.rows("clicks")[0]["country"] == country


def test_two_cookies_of_one_request_in_two_headers_are_both_read(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    headers = [("user-agent", BROWSER), ("cookie", "a=b"), ("cookie", f"fp_vid={cookie_of(3)}")]
    answer = client.run(client._http.request("GET", f"/{HANDLE}/buy-now", headers=headers))
    assert "set-cookie" not in answer.headers
