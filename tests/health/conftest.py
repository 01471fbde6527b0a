"""A campaign with two variants, and evidence of one that is in perfect order."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client

CAMPAIGNS = f"/v2/handles/{HANDLE}/campaigns"
CAMPAIGN = f"{CAMPAIGNS}/new-buyer-funnel"
HEALTH = f"{CAMPAIGN}/health"
TAGS = "utm_source=mail&utm_medium=email&utm_campaign=november"
NEW_CAMPAIGN: dict[str, Any] = {
    "campaignId": "new-buyer-funnel",
    "name": "New buyer funnel",
    "goalType": "PRODUCT_SALE",
    "currency": "USD",
    "status": "ACTIVE",
    "primaryLink": {"slug": "buy-now", "destinationUrl": "https://shop.gharart.example/a"},
    "variants": [
        {"variantId": "a", "name": "A", "weight": 50, "control": True},
        {"variantId": "b", "name": "B", "weight": 50, "destinationUrl": "https://shop.gharart.example/b"},
    ],
}
MakeCampaign = Callable[..., str]


@pytest.fixture
def tester(cast: Cast) -> Actor:
    return cast.token("campaigns.*", "links.*")


@pytest.fixture
def make_campaign(client: Client, tester: Actor) -> MakeCampaign:
    """`make_campaign(**fields)` answers its path."""

    def make(**fields: Any) -> str:
        made = client.post(CAMPAIGNS, {**NEW_CAMPAIGN, **fields}, by=tester)
        assert made.status_code == 201, made.text
        return str(made.headers["location"])

    return make


@pytest.fixture
def campaign(make_campaign: MakeCampaign) -> str:
    """The path of the campaign `new-buyer-funnel`."""
    return make_campaign()


@pytest.fixture
def click(client: Client) -> Callable[..., str]:
    """`click()` follows the link as a new visitor and answers the ctx it got."""
    visitors = count(1)

    def follow(query: str = TAGS, slug: str = "buy-now") -> str:
        headers = {"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140", "Cookie": f"fp_vid={next(visitors):032x}"}
        answer = client.get(f"/{HANDLE}/{slug}?{query}", headers=headers)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"].rpartition("ctx=")[2])

    return follow


@pytest.fixture
def convert(client: Client) -> Callable[..., Any]:
    """`convert(ctx, key, …)` posts a conversion."""

    def post(ctx: str, key: str, **more: Any) -> Any:
        return client.post("/v2/public/conversions", {"ctx": ctx, "idempotencyKey": key, "value": 49.9, **more})

    return post
