"""Health and the list of campaigns over HTTP, from the first click to the refusal of a stranger."""

from collections.abc import Callable
from typing import Any

import pytest

from cast import HANDLE, OTHER_HANDLE, Actor, Cast, Client, refused
from funnelproof.clock import DAY, HOUR, SetClock
from funnelproof.health.check import SEVERITIES
from health.conftest import CAMPAIGN, CAMPAIGNS, HEALTH, NEW_CAMPAIGN, MakeCampaign

PUBLIC = f"/v2/public/handles/{HANDLE}/campaigns/new-buyer-funnel/health"
Click = Callable[..., str]
Convert = Callable[..., Any]


@pytest.fixture
def read(client: Client, tester: Actor, campaign: str) -> Callable[..., dict[str, Any]]:
    """`read()` answers the health of the campaign, its checks by id."""

    def health(query: str = "") -> dict[str, Any]:
        answer = client.get(HEALTH + query, by=tester)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found | {"checks": {check["id"]: check for check in found["checks"]}}

    return health


Read = Callable[..., dict[str, Any]]


def test_nobody_and_others_are_refused(client: Client, cast: Cast, campaign: str) -> None:
    for path in (HEALTH, CAMPAIGNS):
        refused(client.get(path), 401, "missing_bearer_token")
        refused(client.get(path, by=cast.token("links.read")), 403, "insufficient_scope")
        refused(client.get(path, by=cast.stranger), 404, "handle_not_found")
        refused(client.get(path, by=cast.token("campaigns.read", handle=OTHER_HANDLE)), 404, "handle_not_found")
        assert client.get(path, by=cast.teammate).status_code == 200
        assert client.get(path, by=cast.token("campaigns.read")).status_code == 200


def test_tokens_read_the_same_at_the_public_address_and_people_do_not(
    client: Client, cast: Cast, campaign: str
) -> None:
    token = cast.token("campaigns.read")
    assert client.get(PUBLIC, by=token).json() == client.get(HEALTH, by=cast.owner).json()
    refused(client.get(PUBLIC), 401, "missing_bearer_token")
    refused(client.get(PUBLIC, by=cast.owner), 401, "invalid_token")
    refused(client.get(PUBLIC, by=cast.token("links.read")), 403, "insufficient_scope")
    refused(client.get(PUBLIC, by=cast.token("campaigns.read", handle=OTHER_HANDLE)), 404, "handle_not_found")


def test_what_is_not_there_is_not_found(client: Client, cast: Cast, campaign: str) -> None:
    refused(client.get(f"{CAMPAIGNS}/nothing/health", by=cast.owner), 404, "campaign_not_found")
    refused(client.get(f"{HEALTH}?run=run_{'0' * 32}", by=cast.owner), 404, "not_found")
    refused(
        client.get(f"/v2/handles/{OTHER_HANDLE}/campaigns/new-buyer-funnel/health", by=cast.stranger),
        404,
        "campaign_not_found",
    )


def test_a_new_campaign_is_not_proven(read: Read) -> None:
    health = read()
    assert list(health["checks"]) == [name for name in SEVERITIES if name not in ("page", "walks", "webhooks")]
    assert (health["status"], health["spendRamp"]["ready"]) == ("UNKNOWN", False)
    assert [blocker["check"] for blocker in health["spendRamp"]["blockers"]] == ["receipts"]
    assert health["freshness"] == {"status": "UNKNOWN", "lastUpdatedAt": None, "slaMinutes": 1}
    assert (health["campaignId"], health["checkedAt"]) == ("new-buyer-funnel", "2026-11-23T09:00:00Z")
    assert {id_: check["status"] for id_, check in health["checks"].items() if check["status"] == "PASS"} == {
        "campaign_status": "PASS",
        "primary_link": "PASS",
        "ctx_life": "PASS",
        "held": "PASS",
    }


def test_the_path_is_proven_step_by_step(
    client: Client, tester: Actor, read: Read, click: Click, convert: Convert
) -> None:
    ctx = click()
    assert {read()["checks"][id_]["status"] for id_ in ("clicks", "ctx_minted", "traffic_tags")} == {"PASS"}
    assert convert(ctx, "order-1").status_code == 201
    assert {read()["checks"][id_]["status"] for id_ in ("conversions", "ctx_returned", "dedupe")} == {"PASS"}
    assert client.post(f"{CAMPAIGN}/test-conversion", {}, by=tester).status_code == 201
    health = read()
    assert (health["status"], health["score"]) == ("PASS", 100)
    assert health["spendRamp"] == {"ready": True, "blockers": []}
    assert health["freshness"]["status"] == "FRESH"


def test_a_changed_destination_makes_the_receipts_stale_and_says_so(client: Client, tester: Actor, read: Read) -> None:
    client.post(f"{CAMPAIGN}/test-conversion", {}, by=tester)
    before = read()["configDigest"]
    a, b = NEW_CAMPAIGN["variants"]
    moved = {**b, "destinationUrl": "https://shop.gharart.example/b2"}
    assert client.patch(CAMPAIGN, {"variants": [a, moved]}, by=tester).status_code == 200
    health = read()
    receipts = health["checks"]["receipts"]
    assert (receipts["status"], receipts["title"]) == ("WARN", "A and B: B's destinationUrl changed after this test.")
    change = {"pointer": "/variants/b/destinationUrl", "before": b["destinationUrl"], "now": moved["destinationUrl"]}
    assert [own["changes"] for own in receipts["evidence"]["variants"]] == [[change], [change]]
    assert health["spendRamp"]["blockers"] == [
        {"check": "receipts", "title": receipts["title"], "remedy": "Run the test conversion for A and B."}
    ]
    assert health["configDigest"] != before


def test_receipts_grow_old(client: Client, tester: Actor, clock: SetClock, read: Read) -> None:
    client.post(f"{CAMPAIGN}/test-conversion", {}, by=tester)
    clock.advance(168 * HOUR)
    assert read()["checks"]["receipts"]["status"] == "PASS"
    clock.advance(1)
    assert read()["checks"]["receipts"]["title"] == "A and B: the test is older than 168 h."


def test_clicks_without_tags_are_named_by_link(read: Read, click: Click) -> None:
    click("utm_source=mail")
    tags = read()["checks"]["traffic_tags"]
    assert (tags["status"], tags["evidence"]["links"]) == (
        "WARN",
        [
            {
                "slug": "buy-now",
                "clicks": 1,
                "withoutAllTags": 1,
                "missing": {"utm_campaign": 1, "utm_medium": 1},
            }
        ],
    )


def test_a_reused_key_is_shown_with_what_differs(read: Read, click: Click, convert: Convert) -> None:
    ctx = click()
    convert(ctx, "order-1")
    convert(ctx, "order-1")
    assert convert(ctx, "order-1", value=5).status_code == 422
    evidence = read()["checks"]["dedupe"]["evidence"]
    assert (evidence["new"], evidence["repeated"], evidence["reusedWithAnotherBody"]) == (1, 1, 1)
    assert evidence["topKeys"] == [{"key": "order-1", "differs": ["/value"], "times": 1}]


def test_an_expired_ctx_is_counted_against_its_variant(
    clock: SetClock, read: Read, click: Click, convert: Convert
) -> None:
    ctx = click()
    clock.advance(31 * DAY)
    assert convert(ctx, "order-1").status_code == 400
    (variant,) = read()["checks"]["ctx_returned"]["evidence"]["variants"]
    assert (variant["refused"], variant["reasons"], variant["status"]) == (1, {"expired": 1}, "WARN")


def test_an_arrival_told_by_a_page_is_seen(client: Client, read: Read, click: Click) -> None:
    ctx = click()
    assert read()["checks"]["arrival"]["status"] == "UNKNOWN"
    assert client.post("/v2/public/arrivals", {"ctx": ctx}).status_code == 200
    arrival = read()["checks"]["arrival"]
    assert (arrival["status"], arrival["evidence"]["sdkSeen"], arrival["evidence"]["compared"]) == ("UNKNOWN", True, 0)
    for _ in range(9):
        click()
    arrival = read()["checks"]["arrival"]
    assert (arrival["status"], arrival["evidence"]["compared"]) == ("PASS", 10)


def test_an_order_alone_is_no_page_that_reports(read: Read, click: Click, convert: Convert) -> None:
    convert(click(), "order-1")
    arrival = read()["checks"]["arrival"]
    assert (arrival["status"], arrival["evidence"]["sdkSeen"]) == ("UNKNOWN", False)


def test_orders_of_paused_clicks_are_shown_as_held(
    client: Client, cast: Cast, make_campaign: MakeCampaign, click: Click, convert: Convert
) -> None:
    path = make_campaign(status="DRAFT")
    assert convert(click(), "order-1").json()["disposition"] == "HELD"
    checks = {check["id"]: check for check in client.get(f"{path}/health", by=cast.owner).json()["checks"]}
    assert checks["held"]["evidence"] == {
        "n": 1,
        "since": "2026-11-23T09:00:00Z",
        "waitingReversals": 0,
        "waitingSince": None,
    }
    assert checks["campaign_status"]["status"] == "WARN"


def test_the_health_of_a_run_is_that_of_its_world(client: Client, tester: Actor, read: Read) -> None:
    run_id = client.post(f"{CAMPAIGN}/test-conversion", {}, by=tester).json()["runId"]
    checks = read(f"?run={run_id}")["checks"]
    assert (checks["clicks"]["evidence"]["n"], checks["receipts"]["status"]) == (2, "PASS")
    assert "split" not in checks
    assert read()["checks"]["clicks"]["status"] == "UNKNOWN"


def test_a_run_of_another_campaign_is_not_found(
    client: Client, cast: Cast, tester: Actor, campaign: str, make_campaign: MakeCampaign
) -> None:
    run_id = client.post(f"{CAMPAIGN}/test-conversion", {}, by=tester).json()["runId"]
    other = make_campaign(campaignId="another", primaryLink={"slug": "other", "destinationUrl": "https://a.example/"})
    refused(client.get(f"{other}/health?run={run_id}", by=cast.owner), 404, "not_found")


@pytest.fixture
def three(make_campaign: MakeCampaign, clock: SetClock) -> list[str]:
    """Ids of three campaigns, the newest first."""
    for number, goal in enumerate(("PRODUCT_SALE", "LEAD_CAPTURE", "NEWSLETTER")):
        clock.advance(1)
        link = {"slug": f"link{number}", "destinationUrl": "https://shop.gharart.example/"}
        status = "ACTIVE" if number else "DRAFT"
        make_campaign(
            campaignId=f"funnel-{number}", name=f"Funnel {goal}", goalType=goal, primaryLink=link, status=status
        )
    return ["funnel-2", "funnel-1", "funnel-0"]


@pytest.fixture
def listed(client: Client, cast: Cast) -> Callable[[str], list[str]]:
    def ids(query: str) -> list[str]:
        answer = client.get(f"{CAMPAIGNS}{query}", by=cast.teammate)
        assert answer.status_code == 200, answer.text
        return [item["campaignId"] for item in answer.json()["items"]]

    return ids


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("", [0, 1, 2]),
        ("?status=ACTIVE", [0, 1]),
        ("?status=DRAFT", [2]),
        ("?status=COMPLETED", []),
        ("?goalType=NEWSLETTER", [0]),
        ("?q=sale", [2]),
        ("?q=FUNNEL-1", [1]),
        ("?q=%25", []),
        ("?q=funnel&status=ACTIVE&goalType=LEAD_CAPTURE", [1]),
    ],
)
def test_the_list_is_filtered(
    three: list[str], listed: Callable[[str], list[str]], query: str, places: list[int]
) -> None:
    assert listed(query) == [three[place] for place in places]


@pytest.mark.parametrize("query", ["?status=RUNNING", "?goalType=SALE", "?limit=0", "?limit=201", "?cursor=x"])
def test_a_list_asked_for_in_a_bad_shape_is_refused(client: Client, cast: Cast, query: str) -> None:
    answer = client.get(f"{CAMPAIGNS}{query}", by=cast.owner)
    assert answer.status_code == 400, answer.text


def test_the_list_comes_in_pages(client: Client, cast: Cast, three: list[str]) -> None:
    first = client.get(f"{CAMPAIGNS}?limit=2", by=cast.owner).json()
    second = client.get(f"{CAMPAIGNS}?limit=2&cursor={first['nextCursor']}", by=cast.owner).json()
    assert [item["campaignId"] for item in first["items"] + second["items"]] == three
    assert second["nextCursor"] is None


def test_each_item_is_the_campaign_with_its_light_and_its_funnel(
    client: Client, cast: Cast, campaign: str, read: Read, click: Click, convert: Convert
) -> None:
    convert(click(), "order-1")
    convert(click(), "order-2", value="1000", currency="JPY")
    (item,) = client.get(CAMPAIGNS, by=cast.owner).json()["items"]
    funnel, light = item.pop("funnel"), item.pop("health")
    assert item == client.get(campaign, by=cast.owner).json()
    assert light == {name: read()[name] for name in ("status", "score", "checkedAt")}
    revenue = funnel.pop("revenue")
    assert funnel == {"clicks": 2, "qualifiedClicks": 2, "visitors": 2, "conversions": 2, "converters": 2}
    assert revenue == [
        {"currency": "JPY", "gross": "1000", "net": "1000"},
        {"currency": "USD", "gross": "49.90", "net": "49.90"},
    ]


def test_a_campaign_without_events_has_an_empty_funnel(client: Client, cast: Cast, campaign: str) -> None:
    (item,) = client.get(CAMPAIGNS, by=cast.owner).json()["items"]
    assert item["funnel"]["revenue"] == []
    assert {value for name, value in item["funnel"].items() if name != "revenue"} == {0}


def test_a_handle_without_campaigns_has_an_empty_list(client: Client, cast: Cast) -> None:
    assert client.get(f"/v2/handles/{OTHER_HANDLE}/campaigns", by=cast.stranger).json() == {
        "items": [],
        "nextCursor": None,
    }
