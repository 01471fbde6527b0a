"""The whole journey in a real browser, with nothing wrong for accessibility on any screen, on a phone and in the dark.

With PICTURES set to a folder, the pictures of the manual are taken anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from browser import chromium, needs_chromium
from cli.conftest import BROWSER, EMAIL, HANDLE, PASSWORD, Served, data, initialised, serving

SHOP = "https://shop.gharart.example"
HERE = f"/app/{HANDLE}"
ONE = f"{HERE}/campaigns/new-buyer-funnel"
TABS = (
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
OTHERS = (
    HERE,
    f"{HERE}/new?rate=4.6&daily=800",
    f"{HERE}/people",
    f"{HERE}/tokens",
    f"{HERE}/connect",
    f"{HERE}/support",
    f"{HERE}/requests",
    f"{HERE}/go",
    "/app/operator",
    "/app/operator/escalations",
    "/app/operator/content",
)
LOOKS = (("light", 1280), ("dark", 1280), ("light", 375), ("dark", 375))
PICTURES = {
    "overview": ONE,
    "campaigns": HERE,
    "tests": f"{ONE}/tests",
    "links": f"{ONE}/links",
    "plan": f"{HERE}/new?rate=4.6&daily=800",
}
PATIENCE = 60_000
__all__ = ["data", "initialised"]
pytestmark = [needs_chromium, pytest.mark.timeout(600)]


@pytest.fixture
def served(data: Path) -> Iterator[Served]:
    with serving(data) as server:
        yield server


def buy(server: Served, people: range) -> None:
    """Everybody clicks, every fourth buys."""
    with server.client() as client:
        for person in people:
            cookie = {"user-agent": BROWSER, "cookie": f"fp_vid={person * 7919 + 1:032x}"}
            tags = "utm_source=mail&utm_medium=email&utm_campaign=spring"
            clicked = client.get(f"/{HANDLE}/buy-now?{tags}", headers=cookie)
            ctx = clicked.headers["location"].partition("ctx=")[2].partition("&")[0]
            if person % 4 == 0:
                order = {"ctx": ctx, "idempotencyKey": f"order-{person}", "value": "49.90", "currency": "USD"}
                assert client.post("/v2/public/conversions", json=order).status_code == 201


def test_the_journey_from_signing_in_to_live_figures(served: Served) -> None:
    with chromium() as opened:
        context = opened.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda told: errors.append(told.text) if "Security Policy" in told.text else None)
        sign_in(page, served.url)
        create(page)
        launch(page)
        watch(page, served)
        page.goto(served.url + ONE + "/conversions")
        page.get_by_role("link", name="Why").first.click()
        page.get_by_text("The link buy-now was clicked").wait_for()
        change(page, served.url)
        publish(page, served.url)
        share(page, served.url)
        go(page)
        buy(served, range(100, 400))
        assert errors == []
        wrong = [fault for look in LOOKS for fault in seen(opened, context, served.url, *look)]
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Sign in").wait_for()
        context.close()
    assert wrong == [], "\n".join(wrong)


def sign_in(page: Any, url: str) -> None:
    page.goto(url)
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Create the first one").click()


def create(page: Any) -> None:
    page.get_by_label("Name").fill("New buyer funnel")
    page.get_by_label("Short address").fill("buy-now")
    page.get_by_label("Where A leads").fill(f"{SHOP}/new")
    page.get_by_label("Where B leads").fill(f"{SHOP}/new-b")
    page.get_by_role("button", name="Create it as a draft").click()


def launch(page: Any) -> None:
    """The gate is closed until the test has run."""
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Activate").click()
    page.get_by_role("alert").get_by_role("heading", name="Not ready to launch").wait_for()
    page.get_by_role("link", name="Run the test").click()
    page.get_by_role("button", name="Run for all variants").click()
    page.get_by_role("link", name="Read the receipt").wait_for()
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Activate").click()
    page.get_by_role("button", name="Pause").wait_for()


def watch(page: Any, server: Served) -> None:
    """Figures change without loading the page."""
    from playwright.sync_api import expect

    page.evaluate("window.stays = true")
    buy(server, range(48))
    expect(page.locator("[data-figure=converters]")).to_have_text("12", timeout=PATIENCE)
    assert page.evaluate("window.stays")
    assert page.locator("[data-figure=clicks]").text_content() == "48"


def change(page: Any, url: str) -> None:
    """The receipt turns stale and says why; and is made anew."""
    page.goto(url + ONE + "/variants")
    page.get_by_label("Address of b").fill(f"{SHOP}/other-b")
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()
    page.goto(url + ONE + "/tests")
    page.get_by_text("B's address changed after this test").wait_for()
    page.get_by_role("button", name="Run for all variants").click()
    page.get_by_role("link", name="Read the receipt").wait_for()


def publish(page: Any, url: str) -> None:
    page.goto(url + ONE + "/page")
    page.get_by_label("Who may read it").select_option("FREE_WITH_LOGIN")
    page.get_by_role("button", name="Save and look at it").first.click()
    page.frame_locator("iframe").get_by_role("heading", level=1).wait_for()
    page.get_by_role("button", name="Publish the draft").click()
    page.get_by_text("Published, version 1").wait_for()
    page.goto(url + ONE + "/tests")
    page.get_by_role("button", name="Run for all variants").click()
    page.get_by_role("link", name="Read the receipt").wait_for()


def share(page: Any, url: str) -> None:
    """The readout's picture is a PNG of its own; a receipt that was watched is not sent again by loading anew."""
    assert "/tests/run_" in page.url
    page.reload()
    page.get_by_role("heading", name="Receipt").wait_for()
    page.goto(url + ONE + "/readout")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as PNG").click()
    assert saved.value.suggested_filename == "new-buyer-funnel-readout.png"
    assert Path(saved.value.path()).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def go(page: Any) -> None:
    """By keyboard alone: what is typed, then the first of what is found."""
    page.keyboard.press("Control+k")
    page.keyboard.type("buyer hist")
    page.get_by_role("dialog").get_by_role("link", name="History").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{ONE}/history")


def seen(opened: Any, signed_in: Any, url: str, scheme: str, width: int) -> list[str]:
    """What is wrong with the screens as they are seen so."""
    from axe_playwright_python.sync_playwright import Axe

    context = opened.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        storage_state=signed_in.storage_state(),
        locale="en-US",
    )
    context.set_default_timeout(PATIENCE)
    page, wrong = context.new_page(), list[str]()
    for path in (*OTHERS, *(ONE + tab for tab in TABS)):
        page.goto(url + path)
        found = Axe().run(page).response
        assert len(found["passes"]) > 10
        wrong += [
            f"{path} {scheme} {width} {own['id']}: {node['html'][:120]}"
            for own in found["violations"]
            for node in own["nodes"]
        ]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{path} is wider than {width}")
    take_pictures(page, url, f"{'desktop' if width > 400 else 'phone'}{'-dark' if scheme == 'dark' else ''}")
    context.close()
    return wrong


def take_pictures(page: Any, url: str, look: str) -> None:
    folder = os.environ.get("PICTURES")
    for name, path in PICTURES.items() if folder else ():
        page.goto(url + path)
        page.screenshot(path=str(Path(str(folder)) / f"dashboard-{name}-{look}.png"))


def test_a_signed_out_browser_is_led_to_sign_in(served: Served) -> None:
    with httpx2.Client(base_url=served.url, trust_env=False, follow_redirects=True) as client:
        assert "Sign in" in client.get("/").text
