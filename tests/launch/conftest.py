"""A campaign to launch, guarded."""

from typing import Any

import pytest

from cast import HANDLE, Cast, Client

CAMPAIGNS = f"/v2/handles/{HANDLE}/campaigns"
CAMPAIGN = f"{CAMPAIGNS}/new-buyer-funnel"
GUARDED: dict[str, Any] = {
    "campaignId": "new-buyer-funnel",
    "name": "New buyer funnel",
    "goalType": "PRODUCT_SALE",
    "currency": "USD",
    "launchPolicy": "GUARDED",
    "primaryLink": {"slug": "buy-now", "destinationUrl": "https://shop.gharart.example/a"},
    "variants": [
        {"variantId": "a", "weight": 50, "control": True},
        {"variantId": "b", "weight": 50, "destinationUrl": "https://shop.gharart.example/b"},
    ],
}


@pytest.fixture
def guarded(client: Client, cast: Cast) -> str:
    """The path of a guarded draft."""
    made = client.post(CAMPAIGNS, GUARDED, by=cast.owner)
    assert made.status_code == 201, made.text
    return CAMPAIGN
