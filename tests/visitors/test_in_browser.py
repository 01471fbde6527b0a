"""The login in a real browser, as a visitor sees it: teaser, form, mail, button, page; each screen accessible.

With PICTURES set to a folder, the pictures of the manual are taken anew.
"""

import os
import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from browser import chromium, needs_chromium
from cli.conftest import HANDLE, data, initialised, make_token, serving
from funnel import NEW_CAMPAIGN
from funnelproof.pages.page import StructureType
from pages.conftest import example
from pages.test_in_browser import SIZES, done, faults_of

__all__ = ["data", "initialised"]
pytestmark = [needs_chromium, pytest.mark.timeout(300)]
PAGE = f"/{HANDLE}/p/gharart-lamp"


def publish(client: Any) -> None:
    campaign_id = NEW_CAMPAIGN["campaignId"]
    done(client.post(f"/v2/handles/{HANDLE}/campaigns", json=NEW_CAMPAIGN))
    site = f"/v2/handles/{HANDLE}/site-structure/campaigns/{campaign_id}"
    body = {
        "title": "The Gharart lamp",
        "slug": "gharart-lamp",
        "accessMode": "FREE_WITH_LOGIN",
        "structureType": "PRODUCT_LAUNCH",
        "document": example(StructureType.PRODUCT_LAUNCH),
    }
    done(client.put(site, json=body))
    done(client.post(f"{site}/publish"))


def link_in(folder: Path) -> str:
    mail = message_from_bytes(max(folder.glob("*.eml")).read_bytes(), policy=policy.default)
    found = re.search(r"http\S+", mail.get_content())
    assert found is not None
    return found[0]


def picture(page: Any, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_visitor_logs_in_and_the_schema_can_be_fetched(data: Path) -> None:
    token = make_token(data, "campaigns.*", "links.*", "pages.*")
    with serving(data) as server, server.client(token) as client, chromium() as opened:
        publish(client)
        context = opened.new_context(viewport=dict(zip(("width", "height"), SIZES["phone"], strict=True)))
        page = context.new_page()
        page.goto(f"{server.url}{PAGE}?utm_source=mail")
        assert faults_of(page) == []
        picture(page, "login-phone")
        page.get_by_label("Your e-mail address").fill("buyer@elsewhere.example")
        page.get_by_role("button", name="Mail me the link").click()
        page.get_by_role("heading", name="Look into your mailbox").wait_for()
        assert faults_of(page) == []
        page.goto(link_in(data / "mails"))
        page.get_by_role("heading", name="Log in").wait_for()
        assert faults_of(page) == []
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{server.url}{PAGE}?utm_source=mail")
        assert page.locator("a.button").count() > 0
        schema = f"/v2/public/handles/{HANDLE}/site-structure/campaigns/{NEW_CAMPAIGN['campaignId']}"
        fetched = page.evaluate("path => fetch(path).then(answer => answer.json())", schema)
        assert fetched["accessMode"] == "FREE_WITH_LOGIN"
        other = opened.new_context().new_page()
        other.goto(f"{server.url}{PAGE}")
        assert other.get_by_role("button", name="Mail me the link").count() == 1
