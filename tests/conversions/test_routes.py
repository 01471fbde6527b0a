"""Conversions read back: the list with its filters, and one with the chain from its click to the counter."""

from typing import Any

import pytest

from cast import OTHER_HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, TAGS, Funnel
from funnelproof.clock import DAY, HOUR, MINUTE, SetClock, iso

PATH = "/v2/handles/gharart/conversions"


def listed(funnel: Funnel, query: str = "") -> list[str]:
    answer = funnel.client.get(f"{PATH}?{query}", by=funnel.owner)
    assert answer.status_code == 200, answer.text
    return [item["conversionId"] for item in answer.json()["items"]]


@pytest.fixture
def sold(funnel: Funnel, clock: SetClock) -> dict[str, str]:
    """Ids of: one of a, one of b, another event, one held, each an hour after the other."""
    shown = funnel.campaign()
    a, b = shown["variants"]
    path_of = {"/a": "a", "/b": "b"}
    made: dict[str, str] = {}
    for person in range(1, 30):
        click = funnel.click(TAGS, person=person)
        variant = path_of[click.path]
        if variant not in made:
            made[variant] = funnel.convert(click.ctx, variant, value="5")["conversionId"]
    assert (a["variantId"], b["variantId"]) == ("a", "b")
    clock.advance(HOUR)
    ctx = funnel.click(person=1).ctx
    made["other"] = funnel.convert(ctx, "other", eventType="add_to_cart")["conversionId"]
    clock.advance(HOUR)
    funnel.move("PAUSED")
    made["held"] = funnel.convert(funnel.click(person=1).ctx, "held")["conversionId"]
    return made


def test_conversions_are_listed_newest_first_page_by_page(funnel: Funnel, sold: dict[str, str]) -> None:
    assert listed(funnel) == sorted(sold.values(), reverse=True)
    first = funnel.client.get(f"{PATH}?limit=3", by=funnel.owner).json()
    rest = funnel.client.get(f"{PATH}?limit=3&cursor={first['nextCursor']}", by=funnel.owner).json()
    assert [item["conversionId"] for item in first["items"] + rest["items"]] == listed(funnel)
    assert rest["nextCursor"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"campaignId={CAMPAIGN}", {"a", "b", "other", "held"}),
        (f"campaignId={CAMPAIGN}&variantId=b&disposition=COUNTED", {"b"}),
        ("disposition=HELD", {"held"}),
        ("disposition=OTHER_EVENT", {"other"}),
        ("from=2026-11-23T10:00:00Z", {"other", "held"}),
        ("from=2026-11-23T10:00:00Z&to=2026-11-23T11:00:00Z", {"other"}),
        ("to=2026-11-23T10:00:00Z", {"a", "b"}),
        ("mode=test", set()),
        ("run=run_" + "0" * 32, set()),
    ],
)
def test_a_list_is_narrowed(funnel: Funnel, sold: dict[str, str], query: str, expected: set[str]) -> None:
    found = set(listed(funnel, query))
    assert {name for name, id_ in sold.items() if id_ in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("variantId=a", 400, "invalid_variant_id"),
        (f"campaignId={CAMPAIGN}&variantId=z", 400, "invalid_variant_id"),
        ("campaignId=nowhere", 404, "campaign_not_found"),
        ("disposition=LOST", 400, "invalid_disposition"),
        ("mode=preview", 400, "invalid_mode"),
        ("from=yesterday", 400, "invalid_from"),
        ("cursor=%7B%7D", 400, "invalid_cursor"),
        ("limit=0", 400, "invalid_limit"),
    ],
)
def test_a_question_that_cannot_be_answered(funnel: Funnel, query: str, status: int, code: str) -> None:
    funnel.campaign()
    refused(funnel.client.get(f"{PATH}?{query}", by=funnel.owner), status, code)


def test_conversions_of_test_runs_are_listed_apart(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    run = client.post(f"{funnel.base}/campaigns/{CAMPAIGN}/test-conversion", {}, by=funnel.owner).json()
    assert listed(funnel) == []
    by_mode, by_campaign = listed(funnel, "mode=test"), listed(funnel, f"mode=test&campaignId={CAMPAIGN}")
    assert by_mode == by_campaign == listed(funnel, f"run={run['runId']}")
    assert set(by_mode) == {own["conversionId"] for own in run["variants"]}
    told = client.get(f"{PATH}/{by_mode[0]}", by=funnel.owner).json()
    assert (told["mode"], told["runId"]) == ("test", run["runId"])


def why(funnel: Funnel, conversion_id: str) -> dict[str, dict[str, Any]]:
    answer = funnel.client.get(f"{PATH}/{conversion_id}", by=funnel.owner)
    assert answer.status_code == 200, answer.text
    return {step["step"]: step for step in answer.json()["why"]}


def test_why_a_conversion_counted(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign()
    click = funnel.click(TAGS)
    clock.advance(3 * HOUR + 12 * MINUTE)
    made = funnel.convert(click.ctx, value="49.90", properties={"sku": "a-1"})
    clock.advance(HOUR)
    for _ in range(2):
        funnel.send(click.ctx, value="49.90")
    told = funnel.client.get(f"{PATH}/{made['conversionId']}", by=funnel.owner).json()
    assert {name: told[name] for name in made} == made
    assert (told["idempotencyKey"], told["inTest"], told["properties"]) == ("order-1", True, {"sku": "a-1"})
    steps = why(funnel, made["conversionId"])
    assert list(steps) == ["click", "ctx", "campaign", "window", "key", "counted"]
    assert "from mail, ZZ, on DESKTOP" in steps["click"]["text"]
    assert steps["ctx"]["text"] == "Its ctx came back valid, 3 h 12 min old."
    assert steps["campaign"]["evidence"]["cohort"] == "ENTERED"
    assert "inside the window of 30 d" in steps["window"]["text"]
    assert "repeated 2 times" in steps["key"]["text"]
    assert steps["key"]["evidence"]["lastRepeatAt"] == iso(clock.now())
    assert steps["counted"]["text"].startswith(f"Counted on 2026-11-23 for the variant {made['variantId']}.")
    assert "in the figures of the test" in steps["counted"]["text"]


@pytest.mark.parametrize(
    ("name", "disposition", "says"),
    [("held", "HELD", "not active"), ("other", "OTHER_EVENT", "add_to_cart")],
)
def test_why_a_conversion_was_set_aside(
    funnel: Funnel, sold: dict[str, str], name: str, disposition: str, says: str
) -> None:
    last = why(funnel, sold[name])["set_aside"]
    assert last["text"].startswith(f"Set aside as {disposition}: ")
    assert says in last["text"]


def test_why_a_late_or_second_conversion_did_not_count(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign(countingRule="ONCE_PER_CLICK", ctxTtlSeconds=60 * 86_400)
    ctx = funnel.click().ctx
    funnel.convert(ctx, "1")
    second = funnel.convert(ctx, "2")
    clock.advance(31 * DAY)
    late = funnel.convert(ctx, "3")
    assert "counts once per click" in why(funnel, second["conversionId"])["set_aside"]["text"]
    steps = why(funnel, late["conversionId"])
    assert "31 d after the click, outside the window of 30 d" in steps["window"]["text"]
    assert "OUT_OF_WINDOW" in steps["set_aside"]["text"]


def test_why_a_counted_conversion_is_not_in_the_test(funnel: Funnel) -> None:
    funnel.campaign(rampPercent=0)
    made = funnel.convert(funnel.click().ctx)
    assert "not in the test" in why(funnel, made["conversionId"])["counted"]["text"]


def test_who_may_read_conversions(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    conversion_id = funnel.convert(funnel.click().ctx)["conversionId"]
    one = f"{PATH}/{conversion_id}"
    for path in (PATH, one):
        refused(client.get(path), 401, "missing_bearer_token")
        refused(client.get(path, by=cast.stranger), 404, "handle_not_found")
        refused(client.get(path, by=cast.token("campaigns.*")), 403, "insufficient_scope")
        assert client.get(path, by=cast.token("analytics.read")).status_code == 200
        assert client.get(path, by=cast.token("analytics.read", maker=cast.teammate)).status_code == 200
    elsewhere = f"/v2/handles/{OTHER_HANDLE}/conversions/{conversion_id}"
    refused(client.get(elsewhere, by=cast.stranger), 404, "not_found")
    refused(client.get(f"{PATH}/cnv_none", by=funnel.owner), 404, "not_found")
