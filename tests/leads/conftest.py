"""A LEAD_CAPTURE campaign with a page and its form, and two ways to send it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from cast import HANDLE, VISITOR, Actor, Cast, Client
from funnel import CAMPAIGN, Funnel
from funnelproof.app import Application
from pages.conftest import DOCUMENT, SLUG, Site, draft

LEADS = f"/v2/public/handles/{HANDLE}/leads"
LIST = f"/v2/handles/{HANDLE}/leads"
FORM: dict[str, Any] = {
    "id": "guide",
    "heading": "Get the guide",
    "submit": "Send",
    "thanks": "It is on its way.",
    "fields": [
        {"name": "email", "label": "Email", "type": "email", "required": True},
        {"name": "name", "label": "Name"},
        {"name": "size", "label": "Size", "type": "select", "options": ["S", {"default": "L", "DE": "Groß"}]},
        {"name": "news", "label": "News", "type": "checkbox"},
        {"name": "more", "label": "More", "type": "textarea"},
    ],
}
FILLED: dict[str, Any] = {"email": "asha@example.com", "name": "Asha"}


def with_form() -> dict[str, Any]:
    sections = {"hero": DOCUMENT["sections"]["hero"], "form": FORM}
    document = {"sections": sections, "legal": DOCUMENT["legal"]}
    return draft(structureType="LEAD_MAGNET", document=document)


@dataclass
class Desk:
    client: Client
    funnel: Funnel
    reader: Actor

    def send(self, fields: Any = None, by: Actor = VISITOR, **more: Any) -> httpx2.Response:
        body = {"campaignId": CAMPAIGN, "formId": "guide", "fields": FILLED if fields is None else fields, **more}
        return self.client.post(LEADS, body, by=by)

    def post(self, **inputs: str) -> httpx2.Response:
        """As a browser does without any script."""
        told = {"campaign_id": CAMPAIGN, "form_id": "guide", "website": "", **inputs}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        return self.client.post(LEADS, content=urlencode(told).encode(), headers=headers)

    def listed(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.client.get(f"{LIST}?{query}", by=self.reader)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def conversions(self) -> list[dict[str, Any]]:
        return self.funnel.rows("conversions")


@pytest.fixture
def desk(application: Application, client: Client, cast: Cast, funnel: Funnel) -> Desk:
    """The usual campaign, after leads, its page published with a form."""
    funnel.campaign(goalType="LEAD_CAPTURE")
    published = Site(client, cast.token("pages.*")).write(with_form())
    assert published["url"].endswith(f"/{HANDLE}/p/{SLUG}")
    return Desk(client, funnel, cast.token("leads.read"))
