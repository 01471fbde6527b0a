"""A campaign with a page to write, and documents that fit their schemas."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from cast import HANDLE, VISITOR, Actor, Cast, Client
from funnel import BROWSER, CAMPAIGN, Funnel
from funnelproof.pages.page import StructureType
from funnelproof.pages.structure import example_of

SITE = f"/v2/handles/{HANDLE}/site-structure/campaigns"
PUBLIC_SITE = f"/v2/public/handles/{HANDLE}/site-structure/campaigns"
SLUG = "dhoop-lamp"
DOCUMENT: dict[str, Any] = {
    "sections": {
        "hero": {
            "title": {"default": "A lamp", "DE": "A lamp for Germany"},
            "text": "It **folds**.",
            "ctas": [{"id": "hero-buy", "label": "Order", "href": "https://shop.gharart.example/lamp?size=1"}],
        },
        "offers": {
            "heading": "Offers",
            "items": [
                {
                    "id": "one",
                    "name": "One",
                    "prices": {
                        "default": {"amount": "49.90", "currency": "USD"},
                        "DE": {"amount": "45", "currency": "EUR"},
                    },
                    "cta": {"id": "buy-one", "label": "Order one", "href": "https://shop.gharart.example/one"},
                }
            ],
        },
    },
    "legal": {"links": [{"label": "Imprint", "href": "https://gharart.example/imprint"}]},
    "variants": {"b": {"sections": {"hero": {"title": "A lamp in an envelope"}}}},
}


def draft(**fields: Any) -> dict[str, Any]:
    """A draft with these fields in place of the usual ones."""
    usual = {"title": "Dhoop", "slug": SLUG, "structureType": "PRODUCT_LAUNCH", "document": deepcopy(DOCUMENT)}
    return {**usual, **fields}


def example(kind: StructureType) -> dict[str, Any]:
    return deepcopy(example_of(kind))


@dataclass
class Site:
    """Writes and publishes the campaign's page by the API, as a token of the owner."""

    client: Client
    by: Actor

    def put(self, body: Any = None, campaign_id: str = CAMPAIGN, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.put(f"{SITE}/{campaign_id}", body or draft(), by=self.by, headers=named)

    def get(self, campaign_id: str = CAMPAIGN) -> httpx2.Response:
        return self.client.get(f"{SITE}/{campaign_id}", by=self.by)

    def publish(self, body: Any = None, campaign_id: str = CAMPAIGN) -> httpx2.Response:
        return self.client.post(f"{SITE}/{campaign_id}/publish", body, by=self.by)

    def write(self, body: Any = None, campaign_id: str = CAMPAIGN) -> dict[str, Any]:
        """Write a draft over whatever stands, and publish it."""
        present = self.get(campaign_id)
        headers = {"if_match": present.headers["etag"]} if present.status_code == 200 else {}
        written = self.put(body, campaign_id, **headers)
        assert written.status_code in (200, 201), written.text
        published = self.publish(campaign_id=campaign_id)
        assert published.status_code == 200, published.text
        answer: dict[str, Any] = published.json()
        return answer

    def page(self, query: str = "", slug: str = SLUG, **headers: str) -> httpx2.Response:
        named = {"User-Agent": BROWSER} | {name.replace("_", "-"): value for name, value in headers.items()}
        address = f"/{HANDLE}/p/{slug}" + (f"?{query}" if query else "")
        return self.client.get(address, by=VISITOR, headers=named)

    def fetch(self, campaign_id: str = CAMPAIGN, by: Actor = VISITOR, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(f"{PUBLIC_SITE}/{campaign_id}", by=by, headers=named)


@pytest.fixture
def writer(cast: Cast) -> Actor:
    return cast.token("pages.*", "links.*", "campaigns.*", "analytics.*")


@pytest.fixture
def site(client: Client, writer: Actor, funnel: Funnel) -> Site:
    """The usual campaign, ACTIVE with variants a and b, without a page yet."""
    funnel.campaign()
    return Site(client, writer)
