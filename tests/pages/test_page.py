"""The page at its address: whose words, which buttons, what browsers may keep, and what no author can do."""

import re
from copy import deepcopy
from typing import Any

import pytest

from cast import HANDLE, Client, refused
from conftest import MakeInstallation
from funnel import CAMPAIGN, SHOP, Funnel
from funnelproof.app import Application
from funnelproof.pages.cache import Rendering, Renderings
from pages.conftest import DOCUMENT, SLUG, Site, draft

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
GERMAN = {"country_header": "X-Country", "trusted_proxies": ["127.0.0.1"]}


def heading(html: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", html)
    assert found
    return found[1]


def ctx_of_variant(funnel: Funnel, variant_id: str) -> str:
    """A ctx of whoever was led to this variant."""
    for person in range(1, 40):
        clicked = funnel.click(person=person)
        if clicked.path == f"/{variant_id}":
            return clicked.ctx
    raise AssertionError("nobody was led there")


def test_the_page_says_what_it_is_and_forbids_the_rest(site: Site) -> None:
    refused(site.page(), 404, "page_not_published")
    site.write()
    answer = site.page()
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["referrer-policy"] == "strict-origin"
    html = answer.text
    assert heading(html) == "A lamp"
    assert '<meta property="og:title" content="Dhoop">' in html
    assert f'<link rel="canonical" href="http://127.0.0.1:8080/{HANDLE}/p/{SLUG}">' in html
    assert "style=" not in html
    assert re.findall(r"<script(?! src=\"/_fp/)", html) == []
    assert re.findall(r'(?:src|<link rel="stylesheet" href)="([^"]+)"', html) == re.findall(r'"(/_fp/[^"]+)"', html)


def test_a_browser_keeps_the_page_until_another_is_published(site: Site) -> None:
    site.write()
    first = site.page()
    again = site.page(if_none_match=first.headers["etag"])
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    site.write(draft(title="Another"))
    changed = site.page(if_none_match=first.headers["etag"])
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_buttons_and_forms_carry_the_ctx(site: Site, funnel: Funnel) -> None:
    document = deepcopy(DOCUMENT)
    document["sections"]["form"] = {
        "id": "ask",
        "heading": "Ask",
        "fields": [{"name": "email", "label": "E-mail", "type": "email", "required": True}],
        "submit": "Send",
    }
    site.write(draft(document=document))
    ctx = funnel.click().ctx
    html = site.page(f"ctx={ctx}").text
    assert f'href="https://shop.gharart.example/lamp?size=1&amp;ctx={ctx}"' in html
    assert f'href="https://shop.gharart.example/one?ctx={ctx}"' in html
    assert f'<input type="hidden" name="ctx" value="{ctx}">' in html
    assert f'data-fp-ctx="{ctx}"' in html
    bare = site.page()
    assert "ctx=" not in bare.text
    assert site.page(f"ctx={ctx}").headers["etag"] != bare.headers["etag"]


@pytest.mark.parametrize("ctx", ["", "nonsense", "abcd." + "A" * 80, '"><script>alert(1)</script>'])
def test_a_ctx_that_is_none_is_not_carried(site: Site, ctx: str) -> None:
    site.write()
    html = site.page(f"ctx={ctx}").text
    assert "alert" not in html
    assert "data-fp-ctx" not in html


def test_who_was_led_to_a_variant_sees_its_texts(site: Site, funnel: Funnel) -> None:
    site.write()
    assert heading(site.page(f"ctx={ctx_of_variant(funnel, 'a')}").text) == "A lamp"
    assert heading(site.page(f"ctx={ctx_of_variant(funnel, 'b')}").text) == "A lamp in an envelope"
    assert heading(site.page().text) == "A lamp"


def test_words_and_prices_are_those_of_the_visitors_region(make_installation: MakeInstallation) -> None:
    from cast import make_cast

    home = make_installation(**GERMAN)
    with Client(Application(home)) as client:
        cast = make_cast(home)
        Funnel(client, cast).campaign()
        site = Site(client, cast.token("pages.*"))
        site.write()
        german, other = site.page(x_country="DE").text, site.page(x_country="FR").text
        assert (heading(german), heading(other)) == ("A lamp for Germany", "A lamp")
        assert re.search(r"45\s€", german)
        assert "$49.90" in other
        assert site.page("fp_region=de").text == german


def test_markdown_is_rendered_and_nothing_of_it_can_run(site: Site) -> None:
    document = deepcopy(DOCUMENT)
    document["sections"]["story"] = {
        "heading": "A <script>alert(1)</script> story",
        "text": "# Top\n\n<script>alert(1)</script>\n\n[one](javascript:alert(1)) [two](https://x.example/a)\n\n"
        '<svg onload="alert(1)"></svg> <img src=x onerror=alert(1)>\n\n![p](https://x.example/p.png)\n\n**bold**\n\n'
        "[three](data:text/html,alert) [four](vbscript:alert)",
    }
    site.write(draft(document=document))
    story = site.page().text.partition('id="story"')[2].partition("</section>")[0]
    assert "<h3>Top</h3>" in story
    assert "<strong>bold</strong>" in story
    assert '<a href="https://x.example/a" rel="noopener noreferrer nofollow">two</a>' in story
    assert re.findall(r"<(script|svg|img|iframe)", story) == []
    assert re.findall(r'href="(?!https:|#)', story) == []
    assert re.findall(r"<[^>]*\son\w+=", story) == []


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/app", " https://x.example"]
)
def test_a_button_leads_to_an_address_or_a_section(site: Site, href: str) -> None:
    document = deepcopy(DOCUMENT)
    document["sections"]["hero"]["ctas"][0]["href"] = href
    answer = site.put(draft(document=document))
    told = refused(answer, 400, "invalid_document")
    assert [fault["pointer"] for fault in told["errors"]] == ["/document/sections/hero/ctas/0/href"]


def test_a_page_with_login_shows_a_teaser(site: Site) -> None:
    site.write(draft(accessMode="FREE_WITH_LOGIN"))
    answer = site.page()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "Dhoop" in answer.text
    assert "shop.gharart.example" not in answer.text


def test_who_reads_no_page_is_told_so_in_their_own_way(client: Client) -> None:
    answer = client.get(f"/{HANDLE}/p/nothing", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    refused(client.post(f"/{HANDLE}/p/nothing"), 405, "method_not_allowed")
    refused(client.get(f"/{HANDLE}/p/"), 404, "not_found")
    refused(client.get("/NOT/p/x%00y"), 404, "page_not_published")


def test_head_answers_without_a_body(site: Site) -> None:
    site.write()
    answer = site.client.call("HEAD", f"/{HANDLE}/p/{SLUG}")
    assert (answer.status_code, answer.content) == (200, b"")


def test_stylesheet_and_script_are_ours_and_may_be_kept(client: Client) -> None:
    for name, kind in (("page.css", "text/css"), ("page.js", "text/javascript")):
        answer = client.get(f"/_fp/{name}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
        assert "immutable" in answer.headers["cache-control"]
        assert "http" not in answer.text.replace("http://www.w3.org", "")


def test_pages_stand_on_a_handles_own_host_too(make_installation: MakeInstallation) -> None:
    from cast import make_cast

    urls = {"control_url": "https://app.funnels.example", "public_url": "https://go.funnels.example"}
    home = make_installation(**urls, public_domain="funnels.example")
    with Client(Application(home)) as client:
        cast = make_cast(home)
        by = cast.token("pages.*", "campaigns.*", "links.*")
        control, public, own = ({"Host": f"{name}.funnels.example"} for name in ("app", "go", HANDLE))
        campaign: dict[str, Any] = {"campaignId": CAMPAIGN, "name": "x", "goalType": "PRODUCT_SALE"}
        client.post(f"/v2/handles/{HANDLE}/campaigns", campaign, by=by, headers=control)
        base = f"/v2/handles/{HANDLE}/site-structure/campaigns/{CAMPAIGN}"
        body = draft(document={**DOCUMENT, "variants": {}})
        assert client.put(base, body, by=by, headers=control).status_code == 201
        client.post(f"{base}/publish", by=by, headers=control)
        assert client.get(f"/{HANDLE}/p/{SLUG}", headers=public).status_code == 200
        assert client.get(f"/p/{SLUG}", headers=own).status_code == 200
        assert client.get(f"/{HANDLE}/p/{SLUG}", headers=control).status_code == 404
        fetch = f"/v2/public/handles/{HANDLE}/site-structure/campaigns/{CAMPAIGN}"
        assert [client.get(fetch, headers=host).status_code for host in (public, control)] == [200, 200]
        assert client.get("/v2/auth/me", headers=public).status_code == 404


def test_a_buyer_can_be_led_to_the_page_and_on_to_the_shop(site: Site, funnel: Funnel) -> None:
    site.write()
    funnel.client.put(
        f"/v2/handles/{HANDLE}/links/buy-page",
        {"destinationUrl": f"{SHOP}/via", "campaignId": CAMPAIGN},
        by=funnel.owner,
    )
    ctx = funnel.click(slug="buy-page").ctx
    html = site.page(f"ctx={ctx}").text
    found = re.search(r'one\?ctx=([^"]+)"', html)
    assert found
    assert funnel.convert(found[1], value="49.90")["disposition"] == "COUNTED"


def test_what_is_kept_of_renderings_is_bounded() -> None:
    kept = Renderings(most_bytes=100)
    for number in range(20):
        kept.keep((number,), Rendering((b"x" * 30,), "e"))
    assert kept.size <= 100
    assert kept.get((0,)) is None
    assert kept.get((19,)) is not None
    kept.keep((19,), Rendering((b"x" * 10,), "e"))
    assert kept.size == 30 * 2 + 10
