"""A person fills in the form of a campaign's page in a real browser, without any script of ours for it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from browser import chromium, needs_chromium
from cli.conftest import HANDLE, Served, data, initialised, make_token, serving
from funnelproof.pages.page import StructureType
from pages.conftest import example
from pages.test_in_browser import publish

__all__ = ["data", "initialised"]
pytestmark = [needs_chromium, pytest.mark.timeout(240)]


@pytest.fixture
def served(data: Path) -> Iterator[tuple[Served, httpx2.Client]]:
    token = make_token(data, "campaigns.*", "links.*", "pages.*", "leads.read")
    with serving(data) as server, server.client(token) as client:
        yield server, client


def test_a_form_that_was_sent_says_thanks_in_its_place(served: tuple[Served, httpx2.Client]) -> None:
    server, client = served
    path = publish(client, StructureType.LEAD_MAGNET)
    form = example(StructureType.LEAD_MAGNET)["sections"]["form"]
    with chromium() as browser:
        page: Any = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"{server.url}{path}")
        assert not page.locator("#thanks").is_visible()
        for own in form["fields"]:
            if own.get("type", "text") in ("text", "email"):
                page.fill(f"form [name={own['name']}]", "asha@example.com" if own.get("type") == "email" else "Asha")
        page.click("form button")
        page.wait_for_url("**#thanks")
        assert page.locator("#thanks").is_visible()
        assert not page.locator("form").is_visible()
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=f"{folder}/thanks.png")
    listed = client.get(f"/v2/handles/{HANDLE}/leads").json()["items"]
    assert [lead["email"] for lead in listed] == ["asha@example.com"]
