"""The page in a real browser: nothing from elsewhere, no fault of accessibility, views and clicks counted.

With PICTURES set to a folder, the pictures of the manual are taken anew.
"""

import os
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx2
import pytest

from browser import chromium, needs_chromium
from cli.conftest import HANDLE, Served, data, initialised, make_token, serving
from funnel import BROWSER, NEW_CAMPAIGN
from funnelproof.pages.page import StructureType
from pages.conftest import example

SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
__all__ = ["data", "initialised"]
pytestmark = [needs_chromium, pytest.mark.timeout(240)]


def done(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code in (200, 201), answer.text
    told: dict[str, Any] = answer.json()
    return told


def publish(client: httpx2.Client, kind: StructureType) -> str:
    """The path of a page made of the type's example."""
    campaign_id = kind.value.lower().replace("_", "-")
    link = {"slug": f"go-{campaign_id[:20]}", "destinationUrl": "https://shop.gharart.example/a"}
    done(
        client.post(
            f"/v2/handles/{HANDLE}/campaigns", json={**NEW_CAMPAIGN, "campaignId": campaign_id, "primaryLink": link}
        )
    )
    site = f"/v2/handles/{HANDLE}/site-structure/campaigns/{campaign_id}"
    title = example(kind)["sections"]["hero"]["title"]
    done(client.put(site, json={"title": title, "structureType": kind, "document": example(kind)}))
    done(client.post(f"{site}/publish"))
    return f"/{HANDLE}/p/{campaign_id}"


@pytest.fixture
def served(data: Path) -> Iterator[tuple[Served, httpx2.Client]]:
    token = make_token(data, "campaigns.*", "links.*", "pages.*", "analytics.*")
    with serving(data) as server, server.client(token) as client:
        yield server, client


def faults_of(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response
    assert len(found["passes"]) > 15
    return [f"{own['id']}: {node['html'][:100]}" for own in found["violations"] for node in own["nodes"]]


def test_pages_of_all_types_are_accessible_and_ask_nobody_else(served: tuple[Served, httpx2.Client]) -> None:
    server, client = served
    paths = [publish(client, kind) for kind in StructureType]
    with chromium() as opened:
        looks = product(paths, ("light", "dark"), SIZES.values())
        wrong = [fault for path, scheme, size in looks for fault in seen(opened, server.url, path, scheme, size)]
        take_pictures(opened, server.url + paths[0])
    assert wrong == []


def seen(opened: Any, url: str, path: str, scheme: str, size: tuple[int, int]) -> list[str]:
    """What is wrong with a page as it is seen so: faults, errors, requests to others, what does not fit."""
    wrong: list[str] = []
    context = opened.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page = context.new_page()
    page.on("request", lambda request: wrong.extend([request.url] if not request.url.startswith(url) else []))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(url + path)
    wrong += faults_of(page)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        wrong.append(f"{path} is wider than {size[0]}")
    context.close()
    return wrong


def take_pictures(opened: Any, address: str) -> None:
    folder = os.environ.get("PICTURES")
    if folder is None:
        return
    for name, scheme in (("desktop", "light"), ("phone", "light"), ("phone", "dark")):
        width, height = SIZES[name]
        context = opened.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        page.goto(address)
        page.screenshot(path=str(Path(folder) / f"page-{name}{'-dark' if scheme == 'dark' else ''}.png"))
        context.close()


def test_what_a_visitor_does_is_counted_and_the_ctx_goes_on(served: tuple[Served, httpx2.Client]) -> None:
    server, client = served
    path = publish(client, StructureType.PRODUCT_LAUNCH)
    with chromium() as opened:
        page = opened.new_page(user_agent=BROWSER)
        clicked = client.get(
            f"/{HANDLE}/go-product-launch", headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140"}
        )
        ctx = clicked.headers["location"].partition("ctx=")[2]
        with page.expect_response("**/page-events"), page.expect_response("**/arrivals"):
            page.goto(f"{server.url}{path}?ctx={ctx}")
        page.get_by_text("Questions, answered").scroll_into_view_if_needed()
        page.get_by_text("How long does delivery take?").click()
        assert page.get_by_text("tracking link").is_visible()
        page.route("https://shop.gharart.example/**", lambda route: route.fulfill(status=200, body="shop"))
        with page.expect_request("**/page-events"), page.expect_request("https://shop.gharart.example/**") as led:
            page.get_by_role("link", name="Order the pair").click()
        assert led.value.url == f"https://shop.gharart.example/dhoop?quantity=2&ctx={ctx}"
        page.wait_for_load_state()
    assert counted(client) == (1, 1)


def counted(client: httpx2.Client) -> tuple[int, int]:
    """Page views and clicks on buttons. A beacon may arrive after the page that sent it is gone."""
    for _ in range(300):
        totals = done(client.get(f"/v2/handles/{HANDLE}/analytics?campaignId=product-launch"))["totals"]
        if totals["pageViews"] and totals["ctaClicks"]:
            break
        time.sleep(0.1)
    return totals["pageViews"], totals["ctaClicks"]
