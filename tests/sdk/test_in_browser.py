"""The SDK in a real browser: a real server, and a shop on another origin."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from browser import chromium, needs_chromium
from cli.conftest import BROWSER, CAMPAIGN, HANDLE, Served, initialised, make_token, serving
from docs.shell_of_pages import ROOT
from funnelproof.sdk.script import snippet
from sdk.shop import Shop, open_shop

__all__ = ["initialised"]
pytestmark = [needs_chromium, pytest.mark.timeout(240)]
ORDER = '{"event": "purchase", "value": "49.90", "currency": "USD"}'
LOOPBACK = {"FUNNELPROOF_ALLOW_PRIVATE_TARGETS": "1"}
TAGS = "utm_source=mail&utm_medium=email&utm_campaign=spring"
NUMBERS = count(1)
CONVERSIONS, ARRIVALS = "**/v2/public/conversions", "**/v2/public/arrivals"


@dataclass
class House:
    """What all tests of this file share: the server, which may be stopped and started, and the browser."""

    data: Path
    token: str
    sdk: str
    opened: Any
    server: Served
    stack: ExitStack

    def stop(self) -> None:
        self.server.process.terminate()
        self.server.process.wait(15)

    def start(self) -> None:
        port = str(urlsplit(self.server.url).port)
        self.server = self.stack.enter_context(serving(self.data, "--port", port, **LOOPBACK))


@dataclass
class Stage:
    """A campaign and a shop of its own."""

    house: House
    shop: Shop
    name: str
    stack: ExitStack

    def visitor(self) -> Any:
        """A page of somebody new, and whatever it was told of errors in `faults`."""
        context = self.house.opened.new_context(user_agent=BROWSER)
        self.stack.callback(context.close)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        return page

    def click(self, page: Any, more: str = "") -> str:
        """Follow the link to the shop; the ctx that came."""
        with page.expect_response(ARRIVALS):
            page.goto(f"{self.house.server.url}/{HANDLE}/{self.name}?{TAGS}{more}")
        return str(page.url.rpartition("ctx=")[2])

    def dispositions(self) -> list[str]:
        """Of all conversions of this campaign, as the API tells them."""
        with self.house.server.client(self.house.token) as client:
            answer = client.get(f"/v2/handles/{HANDLE}/conversions?campaignId={self.name}")
            assert answer.status_code == 200, answer.text
            return [item["disposition"] for item in answer.json()["items"]]


@pytest.fixture(scope="module")
def house(initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("sdk") / "data"
    shutil.copytree(initialised, data)
    token = make_token(data, "campaigns.*", "links.*", "analytics.*")
    with ExitStack() as stack:
        server = stack.enter_context(serving(data, **LOOPBACK))
        sdk = snippet(server.url)
        yield House(data, token, sdk, stack.enter_context(chromium()), server, stack)


@pytest.fixture
def stage(house: House) -> Iterator[Stage]:
    with ExitStack() as stack:
        shop = stack.enter_context(open_shop(Shop(house.sdk, house.server.url)))
        name = f"campaign-{next(NUMBERS)}"
        link = {"slug": name, "destinationUrl": shop.show("/start")}
        variants = [{"variantId": "a", "weight": 100, "control": True}, {"variantId": "b", "weight": 0}]
        campaign = {**CAMPAIGN, "campaignId": name, "primaryLink": link, "variants": variants}
        with house.server.client(house.token) as client:
            made = client.post(f"/v2/handles/{HANDLE}/campaigns", json=campaign)
            assert made.status_code == 201, made.text
        yield Stage(house, shop, name, stack)


def told(page: Any) -> dict[str, Any]:
    """What became of the page's order, once its promise is settled."""
    page.wait_for_selector("body[data-told]", state="attached", timeout=30_000)
    answer: dict[str, Any] = json.loads(page.locator("body").get_attribute("data-told"))
    return answer


def kept(page: Any) -> dict[str, Any]:
    """What first-party storage holds of ours."""
    found = page.evaluate("Object.fromEntries(Object.entries(localStorage))")
    return {name: json.loads(text) for name, text in found.items()}


def test_a_click_arrives_and_its_order_counts_once_also_when_the_last_page_is_loaded_again(stage: Stage) -> None:
    page = stage.visitor()
    ctx = stage.click(page)
    assert page.evaluate("funnelproof.ctx()") == ctx
    thanks = stage.shop.show("/thanks", order=ORDER)
    page.goto(thanks)
    first = told(page)
    assert (first["status"], first["disposition"], first["value"]) == ("RECORDED", "COUNTED", "49.90")
    page.reload()
    assert (told(page)["status"], told(page)["conversionId"]) == ("DUPLICATE", first["conversionId"])
    assert stage.dispositions() == ["COUNTED"]
    assert kept(page) == {"funnelproof": {"ctx": ctx, "arrived": ctx, "queue": {}}}
    assert page.faults == []


def test_an_order_placed_while_the_server_is_away_counts_once_when_it_is_back(stage: Stage) -> None:
    page = stage.visitor()
    stage.click(page)
    stage.house.stop()
    page.goto(stage.shop.show("/thanks", order=ORDER))
    page.wait_for_timeout(1500)
    page.reload()
    stage.house.start()
    assert told(page)["disposition"] == "COUNTED"
    page.reload()
    assert told(page)["status"] == "DUPLICATE"
    assert stage.dispositions() == ["COUNTED"]
    assert page.faults == []


def test_what_could_not_be_sent_is_sent_from_the_next_page(stage: Stage) -> None:
    page = stage.visitor()
    stage.click(page)
    stage.house.stop()
    page.goto(stage.shop.show("/thanks", order=ORDER))
    page.goto("about:blank")
    stage.house.start()
    with page.expect_response(CONVERSIONS) as answered:
        page.goto(stage.shop.show("/next"))
    assert answered.value.status == 201
    page.wait_for_function("localStorage.funnelproof.includes('\"queue\":{}')")
    assert stage.dispositions() == ["COUNTED"]


def test_a_page_that_is_left_with_something_unsent_sends_a_beacon(stage: Stage) -> None:
    page = stage.visitor()
    stage.click(page)
    page.route(
        CONVERSIONS, lambda route: route.abort() if route.request.resource_type == "fetch" else route.continue_()
    )
    page.goto(stage.shop.show("/thanks", order=ORDER))
    page.wait_for_timeout(300)
    assert stage.dispositions() == []
    page.goto("about:blank")
    for _ in range(50):
        if stage.dispositions():
            break
        page.wait_for_timeout(100)
    assert stage.dispositions() == ["COUNTED"]
    page.unroute_all()
    with page.expect_response(CONVERSIONS) as answered:
        page.goto(stage.shop.show("/next"))
    assert answered.value.status == 200
    assert stage.dispositions() == ["COUNTED"]


@pytest.mark.parametrize("status", [429, 503])
def test_busy_answers_are_waited_out_and_asked_again_with_the_same_key(stage: Stage, status: int) -> None:
    page = stage.visitor()
    stage.click(page)
    asked: list[tuple[float, str]] = []

    def busy_once(route: Any) -> None:
        asked.append((time.monotonic(), route.request.post_data))
        headers = {
            "Retry-After": "3",
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "Retry-After",
        }
        route.fulfill(status=status, headers=headers, body="{}") if len(asked) == 1 else route.continue_()

    page.route(CONVERSIONS, busy_once)
    page.goto(stage.shop.show("/thanks", order=ORDER))
    assert told(page)["status"] == "RECORDED"
    assert asked[1][0] - asked[0][0] >= 2.9
    assert asked[0][1] == asked[1][1]


def test_a_refusal_rejects_with_its_problem_and_is_not_sent_again(stage: Stage) -> None:
    page = stage.visitor()
    stage.click(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/conversions") else None)
    page.goto(stage.shop.show("/thanks", order='{"value": "-1", "currency": "USD"}'))
    answer = told(page)
    assert answer["error"] == "invalid_value"
    assert "must be a plain decimal" in answer["message"]
    assert answer["errors"][0]["pointer"] == "/value"
    page.goto(stage.shop.show("/next"))
    page.wait_for_timeout(500)
    assert len(asked) == 1
    assert kept(page)["funnelproof"]["queue"] == {}
    page.evaluate("""() => {
      funnelproof.convert(null);
      funnelproof.convert({ value: 1n });
      const round = {};
      round.round = round;
      funnelproof.convert({ properties: round });
    }""")
    assert page.faults == []


def test_orders_with_a_key_of_their_own_count_each_and_the_same_one_once(stage: Stage) -> None:
    page = stage.visitor()
    stage.click(page)
    order = "funnelproof.convert({ key, value: 5, currency: 'USD', customerKey: 'c-1', properties: { size: 42 } })"
    states = [page.evaluate(f"(key) => {order}.then(({{ status }}) => status)", key) for key in (8841, 8842, "8841")]
    assert states == ["RECORDED", "RECORDED", "DUPLICATE"]
    assert stage.dispositions() == ["COUNTED", "COUNTED"]


def test_a_page_without_storage_converts_and_counts_once(stage: Stage) -> None:
    """A sandboxed page has an origin of its own: Chromium refuses it its storage."""
    page = stage.visitor()
    stage.shop.sandboxed |= {"/start", "/thanks"}
    ctx = stage.click(page)
    with pytest.raises(Exception, match="SecurityError"):
        page.evaluate("localStorage.length")
    assert page.evaluate("funnelproof.ctx()") == ctx
    address = stage.shop.show("/thanks", order=ORDER) + f"?ctx={ctx}"
    page.goto(address)
    assert told(page)["status"] == "RECORDED"
    page.reload()
    assert told(page)["status"] == "DUPLICATE"
    assert stage.dispositions() == ["COUNTED"]
    assert page.faults == []


@pytest.mark.parametrize("how", ["ctx", "address", "tag"])
def test_who_denies_consent_finds_nothing_stored_and_still_converts(stage: Stage, how: str) -> None:
    page = stage.visitor()
    stage.click(page)
    assert kept(page)
    if how == "tag":
        denied = stage.shop.sdk.replace("<script ", '<script data-consent="denied" ')
        stage.shop.show("/start", sdk=denied)
    ctx = stage.click(page, "&fp_consent=denied" if how == "ctx" else "")
    address = stage.shop.show("/thanks", order=ORDER, sdk=denied if how == "tag" else None)
    page.goto(f"{address}?ctx={ctx}" + ("&fp_consent=denied" if how == "address" else ""))
    assert told(page)["disposition"] == "COUNTED"
    assert kept(page) == {}
    assert page.evaluate("document.cookie") == ""
    carried = page.evaluate("funnelproof.link('/next?a=1#top')")
    assert carried == f"{stage.shop.url}/next?a=1&ctx={ctx}&fp_consent=denied#top"


def test_a_browser_refuses_a_script_that_is_not_the_pinned_one(stage: Stage) -> None:
    page = stage.visitor()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    pinned = stage.shop.sdk.partition("sha384-")[2][:8]
    page.goto(stage.shop.show("/changed", sdk=stage.shop.sdk.replace(pinned, pinned[::-1])))
    assert page.evaluate("typeof funnelproof") == "undefined"
    assert "integrity" in "".join(said)
    page.goto(stage.shop.show("/pinned"))
    assert page.evaluate("typeof funnelproof.convert") == "function"


def test_the_newest_ctx_wins_and_an_expired_one_is_dropped(stage: Stage) -> None:
    page = stage.visitor()
    older, newer = stage.click(page), stage.click(page)
    shop = stage.shop.show("/next")
    seen = []
    for address in (f"?ctx={older}", "?ctx=none-of-ours", "?ctx=", f"?ctx={newer[:30]}", ""):
        page.goto(shop + address)
        seen.append(page.evaluate("funnelproof.ctx()"))
    assert seen == [newer] * 5
    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=40))
    page.goto(shop)
    assert page.evaluate("funnelproof.ctx()") is None
    assert "ctx" not in kept(page)["funnelproof"]


def test_an_arrival_is_told_once_for_each_ctx(stage: Stage) -> None:
    page = stage.visitor()
    arrived: list[str] = []
    page.on("request", lambda request: arrived.append(request.post_data) if "arrivals" in request.url else None)
    # A page that is left before the answer came does not know that it was told, and tells it once more.
    with page.expect_response(lambda answer: "arrivals" in answer.url):
        first = stage.click(page)
    page.reload()
    page.goto(stage.shop.show("/next"))
    with page.expect_response(lambda answer: "arrivals" in answer.url):
        second = stage.click(page)
    page.goto(stage.shop.show("/next"))
    page.wait_for_timeout(300)
    assert [json.loads(body)["ctx"] for body in arrived] == [first, second]


def test_a_visitor_without_ctx_sends_and_stores_nothing(stage: Stage) -> None:
    page = stage.visitor()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v2/" in request.url else None)
    page.goto(stage.shop.show("/thanks", order=ORDER))
    answer = told(page)
    assert (answer["error"], answer["reason"]) == ("invalid_ctx", "missing")
    assert (asked, kept(page)) == ([], {})


def test_marked_links_and_forms_carry_the_ctx_and_others_do_not(stage: Stage) -> None:
    page = stage.visitor()
    ctx = stage.click(page)
    stage.shop.show("/next")
    main = """<a data-fp-link href="/next?size=42#top">Marked</a> <a href="/next">Plain</a>
      <a data-fp-link href="mailto:shop@gharart.example">Mail</a>
      <form data-fp-form action="/next"><input name="email" value="a"><button>Send</button></form>
      <form id="plain" action="/next"><button>Search</button></form>"""
    page.goto(stage.shop.show("/cart", main))
    page.get_by_role("link", name="Plain").click()
    assert page.url == f"{stage.shop.url}/next"
    page.go_back()
    page.get_by_role("link", name="Marked").click()
    assert page.url == f"{stage.shop.url}/next?size=42&ctx={ctx}#top"
    page.go_back()
    assert page.evaluate("funnelproof.link('mailto:shop@gharart.example')") == "mailto:shop@gharart.example"
    assert page.evaluate("document.forms[0].elements.ctx.type") == "hidden"
    page.evaluate("document.body.append(document.forms[0].cloneNode(true)); document.forms[2].elements.ctx.remove()")
    page.get_by_role("button", name="Send").last.click()
    page.wait_for_url(f"{stage.shop.url}/next?email=a&ctx={ctx}")
    page.go_back()
    page.get_by_role("button", name="Search").click()
    page.wait_for_url(f"{stage.shop.url}/next?")


def test_on_the_public_origin_each_handle_keeps_its_own_ctx(stage: Stage) -> None:
    page = stage.visitor()
    ctx = stage.click(page)
    html = '<!doctype html><script src="/_fp/sdk.js"></script>'
    page.route("**/p/page*", lambda route: route.fulfill(body=html, content_type="text/html"))
    seen = []
    for address in (f"/{HANDLE}/p/page?ctx={ctx}", "/elsewhere/p/page", f"/{HANDLE}/p/page"):
        page.goto(stage.house.server.url + address)
        seen.append(page.evaluate("funnelproof.ctx()"))
    assert seen == [ctx, None, ctx]


def test_what_is_kept_for_later_is_bounded(stage: Stage) -> None:
    page = stage.visitor()
    stage.click(page)
    page.route(CONVERSIONS, lambda route: route.abort())
    page.evaluate("() => { for (let key = 1000; key < 1050; key++) funnelproof.convert({ key }); }")
    page.wait_for_timeout(300)
    assert len(kept(page)["funnelproof"]["queue"]) == 20


def test_the_order_that_the_manual_shows_is_counted(stage: Stage) -> None:
    page = stage.visitor()
    stage.click(page)
    shown = (ROOT / "docs" / "howto" / "the-sdk.md").read_text().partition("```js\n")[2].partition("```")[0]
    answer = page.evaluate(f"() => {{ return {shown.strip().removesuffix(';')} }}")
    assert (answer["status"], answer["value"], answer["currency"]) == ("RECORDED", "49.90", "USD")
    assert stage.dispositions() == ["COUNTED"]
