"""Conversions over HTTP: stored once, answered with what became of them, refused with what to do."""

import json
from typing import Any

import pytest

from cast import HANDLE, OTHER_HANDLE, Cast, Client, refused
from funnel import BOT, CAMPAIGN, SHOP, Funnel
from funnelproof.clock import DAY, HOUR, MINUTE, SetClock, iso
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.keys.ring import rotate
from funnelproof.links.ctx import Mode, mint, open_ctx

PATH = "/v2/public/conversions"


def pointers(document: dict[str, Any]) -> list[str]:
    return [fault["pointer"] for fault in document["errors"]]


def totals(funnel: Funnel) -> dict[str, int]:
    """Clicks, visitors, conversions, converters and revenue, all days and currencies added up."""
    rows = [row for row in funnel.rows("day_tallies") if row["dimension"] == "all" and row["world"] == "live"]
    names = ("clicks", "visitors", "conversions", "converters", "gross_minor")
    return {name: sum(row[name] for row in rows) for name in names}


def test_a_conversion_is_recorded_and_answered_with_its_click(funnel: Funnel, installation: Installation) -> None:
    funnel.campaign()
    clicked = funnel.click()
    ctx = open_ctx(clicked.ctx, installation.keyring)
    answer = funnel.send(clicked.ctx, value="49.90", occurredAt="2026-11-23T09:00:00Z", properties={"sku": "a-1"})
    made = answer.json()
    assert answer.status_code == 201, made
    assert (answer.headers["cache-control"], answer.headers["access-control-allow-origin"]) == ("no-store", "*")
    variant = "a" if ctx.variant == 1 else "b"
    assert {name: made[name] for name in made if name not in ("conversionId", "requestId", "receivedAt")} == {
        "status": "RECORDED",
        "disposition": "COUNTED",
        "reason": None,
        "campaignId": CAMPAIGN,
        "variantId": variant,
        "slug": "buy-now",
        "clickId": ctx.click_id,
        "eventType": "purchase",
        "value": "49.90",
        "currency": "USD",
        "mode": "live",
        "occurredAt": "2026-11-23T09:00:00Z",
    }
    assert made["requestId"] == answer.headers["x-request-id"]
    assert totals(funnel) == {"clicks": 1, "visitors": 1, "conversions": 1, "converters": 1, "gross_minor": 4990}


def test_a_repeat_answers_the_first_and_counts_nothing(funnel: Funnel) -> None:
    funnel.campaign()
    ctx = funnel.click().ctx
    first = funnel.convert(ctx, value=49.9)
    before = totals(funnel)
    for told in (
        {"value": 49.90},
        {"value": "49.9"},
        {"value": "49.90", "currency": "USD"},
        {"value": "49.900", "eventType": "purchase"},
    ):
        again = funnel.send(ctx, **told)
        assert (again.status_code, again.json()) == (200, {**first, "status": "DUPLICATE"})
    assert totals(funnel) == before
    (key,) = funnel.rows("conversion_keys")
    assert key["repeats"] == 4


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({"value": "50"}, ["/value"]),
        ({"value": None}, ["/value"]),
        ({"currency": "EUR"}, ["/currency"]),
        ({"eventType": "lead"}, ["/eventType"]),
        ({"value": "49.9001"}, ["/value"]),
        ({"value": "50", "currency": "EUR", "eventType": "lead"}, ["/eventType", "/value", "/currency"]),
    ],
)
def test_another_body_under_the_same_key_is_refused_and_says_what_differs(
    funnel: Funnel, changed: dict[str, Any], differs: list[str]
) -> None:
    funnel.campaign()
    ctx = funnel.click().ctx
    first = funnel.convert(ctx, value="49.90")
    document = refused(funnel.send(ctx, **{"value": "49.90", **changed}), 422, "idempotency_key_reused")
    assert (pointers(document), document["firstConversionId"]) == (differs, first["conversionId"])
    assert document["firstReceivedAt"] == first["receivedAt"]
    words = "differs" if len(differs) == 1 else "differ"
    assert f" {words}." in document["detail"]
    assert len(funnel.rows("conversions")) == 1


def test_the_same_key_with_the_ctx_of_another_click_is_refused_at_ctx(funnel: Funnel) -> None:
    funnel.campaign()
    funnel.convert(funnel.click().ctx, value="5")
    document = refused(funnel.send(funnel.click().ctx, value="5"), 422, "idempotency_key_reused")
    assert pointers(document) == ["/ctx"]


def test_a_known_key_is_answered_whatever_has_happened_since(
    funnel: Funnel, client: Client, cast: Cast, clock: SetClock
) -> None:
    funnel.campaign()
    ctx = funnel.click().ctx
    first = funnel.convert(ctx, value="49.90")
    funnel.change(eventType="order", trustedConversions=True, maxValue="1.00")
    funnel.move("COMPLETED")
    clock.advance(400 * DAY)
    again = funnel.send(ctx, value=49.9)
    assert (again.status_code, again.json()["conversionId"]) == (200, first["conversionId"])
    refused(funnel.send(ctx, value="50"), 422, "idempotency_key_reused")
    late = refused(funnel.send(ctx, "order-2", value="49.90"), 400, "invalid_ctx")
    assert late["reason"] == "expired"


def test_keys_of_two_handles_do_not_meet(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    other = Funnel(client, cast, base=f"/v2/handles/{OTHER_HANDLE}")
    other.owner = cast.stranger
    other.campaign()
    one = funnel.convert(funnel.click().ctx, "order-1", value="1")
    two = other.convert(other.click(handle=OTHER_HANDLE).ctx, "order-1", value="2")
    assert one["conversionId"] != two["conversionId"]
    assert {row["handle"] for row in funnel.rows("conversions")} == {HANDLE, OTHER_HANDLE}


@pytest.mark.parametrize(
    ("expect", "reason"),
    [
        ({"handle": HANDLE, "campaignId": CAMPAIGN}, None),
        ({"handle": OTHER_HANDLE}, "wrong_handle"),
        ({"campaignId": "another"}, "wrong_campaign"),
    ],
)
def test_a_sender_may_say_whose_ctx_it_expects(funnel: Funnel, expect: dict[str, str], reason: str | None) -> None:
    funnel.campaign()
    answer = funnel.send(funnel.click().ctx, expect=expect)
    if reason is None:
        assert answer.status_code == 201
    else:
        assert refused(answer, 400, "invalid_ctx")["reason"] == reason
        assert funnel.rows("conversions") == []


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("missing", "missing"),
        ("empty", "missing"),
        ("malformed", "malformed"),
        ("tampered", "bad_signature"),
        ("unknown", "unknown_key"),
        ("expired", "expired"),
        ("early", "not_yet_valid"),
    ],
)
def test_why_a_ctx_is_refused(funnel: Funnel, clock: SetClock, case: str, reason: str) -> None:
    funnel.campaign()
    good = funnel.click().ctx
    told = {
        "missing": None,
        "empty": "",
        "malformed": good[:30],
        "tampered": good[:40] + ("A" if good[40] != "A" else "B") + good[41:],
        "unknown": ("AAAA" if not good.startswith("AAAA") else "BBBB") + good[4:],
    }
    if case == "expired":
        clock.advance(31 * DAY + 3 * HOUR + 12 * MINUTE)
    if case == "early":
        clock.advance(-6 * MINUTE)
    document = refused(funnel.send(told.get(case, good)), 400, "invalid_ctx")
    assert (document["reason"], pointers(document)) == (reason, ["/ctx"])
    if case == "expired":
        assert document["detail"].startswith("The ctx expired 3 h 12 min ago.")
        assert document["expiredAt"] == iso(clock.now() - 3 * HOUR - 12 * MINUTE)


def test_a_key_that_was_rotated_in_elsewhere_is_read_before_its_ctx_is_refused(
    funnel: Funnel, installation: Installation, clock: SetClock
) -> None:
    funnel.campaign()
    ctx = open_ctx(funnel.click().ctx, installation.keyring)
    home = installation
    key_id = home.database.write_now(lambda tx: rotate(tx, home.seal, clock.now(), Purpose.CTX))
    clock.advance(40 * 1_000_000)
    elsewhere = type(home.keyring)(home.database, home.seal, clock)
    elsewhere.load()
    key = elsewhere.signing(Purpose.CTX)
    assert key.key_id == key_id
    assert funnel.send(mint(ctx, key)).status_code == 201


def test_the_signature_of_a_retired_key_still_holds(
    funnel: Funnel, installation: Installation, clock: SetClock
) -> None:
    funnel.campaign(attributionWindowDays=365)
    ctx = funnel.click().ctx
    installation.database.write_now(lambda tx: rotate(tx, installation.seal, clock.now(), Purpose.CTX))
    installation.keyring.load()
    clock.advance(360 * DAY)
    assert funnel.send(ctx).status_code == 201


TOO_MUCH = json.dumps({"ctx": "a", "idempotencyKey": "k", "properties": {"a": "x" * 17_000}}).encode()


@pytest.mark.parametrize(
    ("raw", "headers", "status", "code"),
    [
        (TOO_MUCH, {}, 413, "payload_too_large"),
        (b'{"ctx": "a', {}, 400, "invalid_payload"),
        (b'{"ctx": "a\\u0000", "idempotencyKey": "k"}', {}, 400, "invalid_payload"),
        (b'{"ctx": "a", "idempotencyKey": "k", "value": 1e400}', {}, 400, "invalid_payload"),
        (b"{}", {"content-type": "application/xml"}, 415, "unsupported_media_type"),
        (b"{}", {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
        (b"{}", {"content-type": ""}, 415, "unsupported_media_type"),
        (b"{}", {}, 400, "invalid_payload"),
        (b'{"ctx": "a", "idempotencyKey": "k"}', {"authorization": "Bearer nonsense"}, 401, "invalid_token"),
    ],
)
def test_a_body_that_is_not_taken(client: Client, raw: bytes, headers: dict[str, str], status: int, code: str) -> None:
    answer = client.post(PATH, content=raw, headers={"content-type": "application/json", **headers})
    document = refused(answer, status, code)
    assert document["type"] == f"/docs/errors/{code}"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "text/plain;charset=UTF-8", "text/plain"])
def test_json_is_taken_as_text_too_for_beacons(funnel: Funnel, client: Client, media_type: str) -> None:
    funnel.campaign()
    body = json.dumps({"ctx": funnel.click().ctx, "idempotencyKey": "order-1"}).encode()
    assert client.post(PATH, content=body, headers={"content-type": media_type}).status_code == 201


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"value": "-1"}, "invalid_value", "/value"),
        ({"value": "49.901", "currency": "USD"}, "invalid_value", "/value"),
        ({"value": "0.5", "currency": "JPY"}, "invalid_value", "/value"),
        ({"value": "0.0005", "currency": "KWD"}, "invalid_value", "/value"),
        ({"value": "10000000000.01"}, "invalid_value", "/value"),
        ({"value": "1", "currency": "XAU"}, "invalid_currency", "/currency"),
        ({"currency": "ABC"}, "invalid_currency", "/currency"),
        ({"occurredAt": "2026-11-23T08:54:59Z"}, "invalid_occurred_at", "/occurredAt"),
        ({"occurredAt": "2026-11-23T09:05:01Z"}, "invalid_occurred_at", "/occurredAt"),
    ],
)
def test_what_the_campaign_or_the_clock_cannot_take_is_refused(
    funnel: Funnel, fields: dict[str, Any], code: str, pointer: str
) -> None:
    funnel.campaign()
    document = refused(funnel.send(funnel.click().ctx, **fields), 400, code)
    assert pointers(document) == [pointer]
    assert funnel.rows("conversion_keys") == []


@pytest.mark.parametrize(
    ("value", "currency", "shown", "minor"),
    [
        ("1234", "JPY", "1234", 1234),
        ("12.345", "KWD", "12.345", 12_345),
        ("12", "KWD", "12.000", 12_000),
        (0, "USD", "0.00", 0),
        ("10000000000.00", "USD", "10000000000.00", 10**12),
        ("49.9000", "USD", "49.90", 4990),
    ],
)
def test_money_is_kept_in_minor_units_of_its_currency(
    funnel: Funnel, value: Any, currency: str, shown: str, minor: int
) -> None:
    funnel.campaign()
    made = funnel.convert(funnel.click().ctx, value=value, currency=currency)
    assert (made["value"], funnel.rows("conversions")[0]["value_minor"]) == (shown, minor)


@pytest.mark.parametrize(
    ("told", "wrong", "said"),
    [
        ({"currency": "JPY", "value": "1.5"}, ["/value"], "has 1 decimal; JPY has none."),
        ({"currency": "XXX", "value": "1.5"}, ["/currency"], "not an ISO 4217 currency"),
        ({"currency": "XXX", "value": "1.23456"}, ["/currency", "/value"], "no currency has more than 4"),
        ({"currency": "USD", "value": "1.234", "occurredAt": "2031-01-01T00:00:00Z"}, ["/value", "/occurredAt"], "2"),
        ({"currency": "XXX", "value": "1.23456", "occurredAt": "2031-01-01T00:00:00Z"},
         ["/currency", "/value", "/occurredAt"], "in the future"),
    ],
)  # fmt: skip
def test_currency_value_and_time_are_judged_at_once(
    funnel: Funnel, told: dict[str, Any], wrong: list[str], said: str
) -> None:
    funnel.campaign()
    code = {"/currency": "invalid_currency", "/value": "invalid_value"}.get(wrong[0]) if len(wrong) == 1 else None
    document = refused(funnel.send(funnel.click().ctx, **told), 400, code or "invalid_payload")
    assert pointers(document) == wrong
    assert said in str([fault["detail"] for fault in document["errors"]])
    assert funnel.rows("conversions") == []


def test_without_a_value_a_conversion_counts_and_earns_nothing(funnel: Funnel) -> None:
    funnel.campaign()
    made = funnel.convert(funnel.click().ctx)
    assert (made["disposition"], made["value"], made["currency"]) == ("COUNTED", None, None)


def test_each_currency_is_counted_for_itself(funnel: Funnel) -> None:
    funnel.campaign()
    ctx = funnel.click().ctx
    funnel.convert(ctx, "1", value="10", currency="USD")
    funnel.convert(ctx, "2", value="10", currency="JPY")
    gross = {
        row["currency"]: row["gross_minor"]
        for row in funnel.rows("day_tallies")
        if row["dimension"] == "all" and row["currency"]
    }
    assert gross == {"USD": 1000, "JPY": 10}


@pytest.mark.parametrize(
    ("occurred", "advance", "disposition"),
    [
        (None, 0, "COUNTED"),
        (None, 30 * DAY, "COUNTED"),
        (None, 30 * DAY + HOUR, "OUT_OF_WINDOW"),
        (29 * DAY, 30 * DAY + HOUR, "COUNTED"),
        (-4 * MINUTE, 0, "COUNTED"),
    ],
)
def test_the_window_begins_at_the_click_and_the_event_decides(
    funnel: Funnel, clock: SetClock, occurred: int | None, advance: int, disposition: str
) -> None:
    funnel.campaign()
    clicked = clock.now()
    ctx = funnel.click().ctx
    clock.advance(advance)
    told = {} if occurred is None else {"occurredAt": iso(clicked + occurred)}
    assert funnel.convert(ctx, **told)["disposition"] == disposition


def test_another_event_is_kept_and_never_in_the_funnel(funnel: Funnel) -> None:
    funnel.campaign()
    made = funnel.convert(funnel.click().ctx, eventType="add_to_cart", value="5")
    assert (made["disposition"], made["eventType"]) == ("OTHER_EVENT", "add_to_cart")
    assert totals(funnel)["conversions"] == 0


def test_a_click_while_paused_holds_its_conversion_and_a_pause_after_it_does_not(funnel: Funnel) -> None:
    funnel.campaign()
    before = funnel.click(person=1).ctx
    funnel.move("PAUSED")
    during = funnel.click(person=2).ctx
    assert funnel.convert(before, "1")["disposition"] == "COUNTED"
    held = funnel.convert(during, "2")
    assert (held["disposition"], "not active" in held["reason"]) == ("HELD", True)
    assert totals(funnel)["conversions"] == 1


def test_what_is_too_much_to_believe_is_held(funnel: Funnel) -> None:
    funnel.campaign(maxValue="100.00")
    ctx = funnel.click().ctx
    assert funnel.convert(ctx, "1", value="100.00")["disposition"] == "COUNTED"
    assert funnel.convert(ctx, "2", value="100.01")["disposition"] == "HELD"
    other = funnel.convert(ctx, "3", value="1.00", currency="EUR")
    assert (other["disposition"], "maxValue" in other["reason"]) == ("HELD", True)


def test_a_visitors_total_above_what_is_plausible_is_held(funnel: Funnel) -> None:
    funnel.campaign()
    ctx = funnel.click().ctx
    made = [funnel.convert(ctx, str(n), value=value)["disposition"] for n, value in
            enumerate(["60000000.00", "40000000.00", "0.01", "0.00"], start=1)]  # fmt: skip
    assert made == ["COUNTED", "COUNTED", "HELD", "COUNTED"]


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        ({"countingRule": "EVERY"}, ["COUNTED", "COUNTED", "COUNTED"]),
        ({"countingRule": "EVERY", "maxPerClick": 1}, ["COUNTED", "NOT_UNIQUE", "COUNTED"]),
        ({"countingRule": "EVERY", "maxPerClick": 0}, ["COUNTED", "COUNTED", "COUNTED"]),
        ({"countingRule": "ONCE_PER_CLICK"}, ["COUNTED", "NOT_UNIQUE", "COUNTED"]),
        ({"countingRule": "ONCE_PER_VISITOR"}, ["COUNTED", "NOT_UNIQUE", "NOT_UNIQUE"]),
    ],
)
def test_the_counting_rule(funnel: Funnel, rule: dict[str, Any], made: list[str]) -> None:
    funnel.campaign(**rule)
    one, two = funnel.click().ctx, funnel.click().ctx
    answers = [funnel.convert(ctx, key) for ctx, key in ((one, "1"), (one, "2"), (two, "3"))]
    assert [answer["disposition"] for answer in answers] == made
    assert all(answer["reason"] for answer in answers if answer["disposition"] == "NOT_UNIQUE")
    counted = made.count("COUNTED")
    assert totals(funnel)["conversions"] == counted
    taken = [row["uses"] for row in funnel.rows("claims")]
    assert sum(taken) in (counted, 0)


def test_no_click_of_a_person_makes_no_converter(funnel: Funnel) -> None:
    funnel.campaign()
    ctx = funnel.click(person=None, headers={"user-agent": BOT}).ctx
    assert funnel.convert(ctx, value="5")["disposition"] == "COUNTED"
    assert totals(funnel) == {"clicks": 1, "visitors": 0, "conversions": 1, "converters": 0, "gross_minor": 500}


def test_a_completed_campaign_still_counts_in_its_funnel(funnel: Funnel) -> None:
    funnel.campaign()
    funnel.move("COMPLETED")
    assert funnel.convert(funnel.click().ctx)["disposition"] == "COUNTED"
    assert [row["in_test"] for row in funnel.rows("conversions")] == [False]


def test_only_conversions_within_the_window_after_the_entry_are_in_the_test(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign(attributionWindowDays=7)
    funnel.click()
    clock.advance(5 * DAY)
    later = funnel.click().ctx
    funnel.convert(later, "1", value="1")
    clock.advance(3 * DAY)
    assert funnel.convert(later, "2", value="2")["disposition"] == "COUNTED"
    assert {row["idempotency_key"]: row["in_test"] for row in funnel.rows("conversions")} == {"1": True, "2": False}


def test_a_link_without_a_campaign_takes_no_conversions_and_says_why(funnel: Funnel) -> None:
    funnel.link("offer")
    document = refused(funnel.send(funnel.click(slug="offer").ctx), 404, "campaign_not_found")
    assert "link without a campaign" in document["detail"]


def test_a_deleted_campaign_takes_no_conversions(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign(status="DRAFT")
    ctx = funnel.click().ctx
    client.delete(f"{funnel.base}/campaigns/{CAMPAIGN}", by=cast.owner)
    assert "deleted" in refused(funnel.send(ctx), 404, "campaign_not_found")["detail"]


def test_a_trusting_campaign_takes_them_from_a_server_only(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign(trustedConversions=True)
    told = {"ctx": funnel.click().ctx, "idempotencyKey": "order-1"}
    refused(client.post(PATH, told), 401, "missing_bearer_token")
    refused(client.post(PATH, told, by=cast.owner), 401, "missing_bearer_token")
    refused(client.post(PATH, told, by=cast.token("campaigns.*")), 403, "insufficient_scope")
    elsewhere = cast.token("conversions.write", handle=OTHER_HANDLE)
    refused(client.post(PATH, told, by=elsewhere), 401, "missing_bearer_token")
    assert client.post(PATH, told, by=cast.token("conversions.write")).status_code == 201


def test_a_credential_that_is_bad_is_refused_also_where_none_is_needed(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    told = {"ctx": funnel.click().ctx, "idempotencyKey": "order-1"}
    refused(client.post(PATH, told, headers={"Authorization": "Bearer patv1_nonsense"}), 401, "invalid_token")


def test_the_customer_is_kept_as_a_keyed_hash_only(funnel: Funnel) -> None:
    funnel.campaign()
    ctx = funnel.click().ctx
    funnel.convert(ctx, "1", customerKey="ann@example.com")
    funnel.convert(ctx, "2", customerKey="ann@example.com")
    kept = {row["customer"] for row in funnel.rows("conversions")}
    assert len(kept) == 1
    assert "ann" not in str(kept)


def test_nothing_in_the_body_makes_a_live_ctx_a_test_one(funnel: Funnel, installation: Installation) -> None:
    funnel.campaign()
    ctx = open_ctx(funnel.click().ctx, installation.keyring)
    signer = installation.keyring.signing(Purpose.CTX)
    gone = refused(funnel.send(mint(ctx._replace(mode=Mode.TEST, run=77), signer)), 400, "invalid_ctx")
    assert gone["reason"] == "wrong_mode"
    refused(funnel.send(mint(ctx, signer), mode="test"), 400, "unknown_field")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_the_route_takes_post(client: Client, method: str) -> None:
    answer = client.call(method, PATH)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers.get_list("allow") == ["POST"]


def test_other_origins_may_ask_before_they_send(client: Client) -> None:
    answer = client.call("OPTIONS", PATH, headers={"origin": SHOP, "access-control-request-method": "POST"})
    assert (answer.status_code, answer.headers["access-control-max-age"]) == (204, "86400")
    assert "access-control-allow-credentials" not in answer.headers
