"""A campaign to prove: two variants, one of them with an address of its own."""

from typing import Any

import pytest

from cast import HANDLE, Actor, Cast, Client

CAMPAIGNS = f"/v2/handles/{HANDLE}/campaigns"
CAMPAIGN = f"{CAMPAIGNS}/new-buyer-funnel"
NEW_CAMPAIGN: dict[str, Any] = {
    "campaignId": "new-buyer-funnel",
    "name": "New buyer funnel",
    "goalType": "PRODUCT_SALE",
    "currency": "USD",
    "status": "ACTIVE",
    "primaryLink": {"slug": "buy-now", "destinationUrl": "https://shop.gharart.example/a"},
    "variants": [
        {"variantId": "a", "weight": 50, "control": True},
        {"variantId": "b", "weight": 50, "destinationUrl": "https://shop.gharart.example/b"},
    ],
}


@pytest.fixture
def tester(cast: Cast) -> Actor:
    return cast.token("campaigns.*", "links.*", "analytics.*")


@pytest.fixture
def campaign(client: Client, tester: Actor) -> str:
    """Its path."""
    made = client.post(CAMPAIGNS, NEW_CAMPAIGN, by=tester)
    assert made.status_code == 201, made.text
    return CAMPAIGN
