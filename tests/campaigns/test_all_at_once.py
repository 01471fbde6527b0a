"""Whatever is wrong with a campaign, its money, times, ids, addresses and link, is told at once."""

from typing import Any

from cast import HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, NEW_CAMPAIGN, Funnel

CAMPAIGNS = f"/v2/handles/{HANDLE}/campaigns"
ONE = f"{CAMPAIGNS}/{CAMPAIGN}"
WRONG_EVERYWHERE: dict[str, Any] = {
    "maxValue": "1.999",
    "startsAt": "2026-12-02T00:00:00Z",
    "endsAt": "2026-12-01T00:00:00Z",
    "variants": [
        {"variantId": "a", "weight": 1, "destinationUrl": "https://10.0.0.1/"},
        {"variantId": "a", "weight": 1, "destinationUrl": "javascript:alert(1)"},
    ],
    "primarySlug": "none",
}
FOUND_EVERYWHERE = {
    "/maxValue",
    "/endsAt",
    "/variants/0/destinationUrl",
    "/variants/1/variantId",
    "/variants/1/destinationUrl",
    "/primarySlug",
}


def pointers(document: dict[str, Any]) -> set[str]:
    return {fault["pointer"] for fault in document["errors"]}


def test_money_schedule_ids_destinations_and_the_link_are_judged_at_once(client: Client, cast: Cast) -> None:
    wrong = {**NEW_CAMPAIGN, **WRONG_EVERYWHERE, "primaryLink": None}
    document = refused(client.post(CAMPAIGNS, wrong, by=cast.owner), 400, "invalid_payload")
    assert pointers(document) == FOUND_EVERYWHERE
    document = refused(client.post(CAMPAIGNS, {**wrong, "currency": "XXX"}, by=cast.owner), 400, "invalid_payload")
    assert pointers(document) == (FOUND_EVERYWHERE - {"/maxValue"}) | {"/currency"}


def test_a_change_is_judged_all_at_once_too(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    wrong = {**WRONG_EVERYWHERE, "name": None, "currency": "EUR"}
    document = refused(client.patch(ONE, wrong, by=cast.owner), 400, "invalid_payload")
    assert pointers(document) == FOUND_EVERYWHERE | {"/name", "/currency"}
