"""Who is in the test, as visitors meet it over HTTP: entry, ramp, weights, variants switched off, phases and epochs."""

from typing import Any

import pytest

from cast import HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, SHOP, SLUG, Funnel, cookie_of
from funnelproof.campaigns.variants import bucket_of, owner_of, shares_of
from funnelproof.clock import DAY, SetClock, iso

CAMPAIGNS = f"/v2/handles/{HANDLE}/campaigns"
ONE = f"{CAMPAIGNS}/{CAMPAIGN}"
PEOPLE = range(1, 41)


def paths(funnel: Funnel, people: Any = PEOPLE) -> dict[int, str]:
    return {person: funnel.click(person=person).path for person in people}


def cohorts(funnel: Funnel) -> dict[int, str]:
    """The cohort of each person's next click."""
    asked = {person: funnel.click(person=person).ctx for person in PEOPLE}
    return {
        person: str(funnel.client.get(f"/v2/public/context?ctx={ctx}").json()["cohort"])
        for person, ctx in asked.items()
    }


def results(funnel: Funnel, query: str = "") -> dict[str, Any]:
    return dict(funnel.client.get(f"{ONE}/results{query}", by=funnel.owner).json())


def open_at(percent: int) -> set[int]:
    """The people whose bucket is open, by the published hash."""
    shares = shares_of([(1, 50), (2, 50)], percent)
    return {person for person in PEOPLE if owner_of(shares, bucket_of(CAMPAIGN, cookie_of(person)))[1]}


def test_a_ramp_opens_buckets_by_the_published_hash_moves_nobody_and_puts_nobody_out(funnel: Funnel) -> None:
    funnel.campaign(rampPercent=25)
    at_25 = paths(funnel)
    closed = set(PEOPLE) - open_at(25)
    assert closed
    assert {at_25[person] for person in closed} == {"/a"}
    funnel.ramp(60)
    at_60 = paths(funnel)
    assert {person: at_60[person] for person in open_at(25)} == {person: at_25[person] for person in open_at(25)}
    funnel.ramp(5)
    assert paths(funnel) == at_60
    assert {person for person, cohort in cohorts(funnel).items() if cohort == "ENTERED"} == open_at(60)
    funnel.ramp(0)
    assert paths(funnel) == at_60
    assert sum(own["visitors"] for own in results(funnel)["variants"]) == len(open_at(60))
    assert results(funnel)["excluded"]["outside"] == len(PEOPLE) - len(open_at(60))


def test_what_a_visitor_did_before_its_bucket_was_opened_never_counts_in_the_test(funnel: Funnel) -> None:
    funnel.campaign(rampPercent=0)
    early = funnel.click(person=1)
    funnel.ramp(100)
    funnel.convert(funnel.click(person=1).ctx, "in-the-test")
    assert funnel.convert(early.ctx, "before-it-entered")["disposition"] == "COUNTED"
    (own,) = [own for own in results(funnel)["variants"] if own["visitors"]]
    assert (own["visitors"], own["converters"], own["conversions"]) == (1, 1, 1)
    assert results(funnel)["funnel"] == {"visitors": 1, "converters": 1}


def test_whatever_the_weights_become_people_keep_their_variant_and_a_phase_begins(funnel: Funnel) -> None:
    a, b = funnel.campaign()["variants"]
    before = paths(funnel)
    assert set(before.values()) == {"/a", "/b"}
    changed = funnel.change(variants=[{**a, "weight": 0}, {**b, "weight": 1}])
    assert (changed["epoch"], changed["phase"]) == (1, 2)
    assert paths(funnel) == before
    assert set(paths(funnel, range(100, 120)).values()) == {"/b"}


def test_a_variant_without_weight_gets_nobody_until_it_is_given_some(funnel: Funnel) -> None:
    variants = [{"variantId": "a", "weight": 1}, {"variantId": "b", "weight": 0, "destinationUrl": f"{SHOP}/b"}]
    a, b = funnel.campaign(variants=variants)["variants"]
    assert set(paths(funnel).values()) == {"/a"}
    funnel.change(variants=[{**a, "weight": 1}, {**b, "weight": 1}])
    assert set(paths(funnel).values()) == {"/a"}
    assert set(paths(funnel, range(100, 140)).values()) == {"/a", "/b"}


def test_ten_variants_each_have_a_destination_of_their_own_and_an_eleventh_is_refused(
    funnel: Funnel, client: Client, cast: Cast
) -> None:
    ten = [{"variantId": f"v{at}", "weight": 1, "destinationUrl": f"{SHOP}/v{at}"} for at in range(10)]
    funnel.campaign(variants=ten)
    assert set(paths(funnel, range(1, 200)).values()) == {f"/v{at}" for at in range(10)}
    eleven = [*ten, {"variantId": "v10", "weight": 1}]
    refused(client.patch(ONE, {"variants": eleven}, by=cast.owner), 400, "invalid_variants")


def test_people_of_a_variant_that_is_switched_off_go_to_the_control_and_come_back_with_it(funnel: Funnel) -> None:
    a, b = funnel.campaign()["variants"]
    before = paths(funnel)
    of_b = [person for person, path in before.items() if path == "/b"]
    off = funnel.change(variants=[a, {**b, "enabled": False}])
    assert (off["epoch"], off["phase"]) == (1, 2)
    assert set(paths(funnel).values()) == {"/a"}
    assert set(paths(funnel, range(100, 130)).values()) == {"/a"}
    assert {own["variantId"]: own["visitors"] for own in results(funnel)["variants"]}["b"] == len(of_b)
    assert funnel.change(variants=[a, b])["phase"] == 3
    assert paths(funnel) == before


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        ({"name": "Other"}, "nothing"),
        ({"tagPolicy": {"required": []}}, "nothing"),
        ({"maxValue": "10.00"}, "nothing"),
        ({"receiptTtlHours": 1}, "nothing"),
        ({"minimumLift": 0.2}, "nothing"),
        ({"eventType": "order"}, "epoch"),
        ({"countingRule": "ONCE_PER_CLICK"}, "epoch"),
        ({"attributionWindowDays": 14}, "epoch"),
        ({"decisionWindowDays": 3}, "epoch"),
        ({"variants": [{"variantId": "a", "weight": 50, "control": True}, {"variantId": "b", "weight": 50}]}, "epoch"),
        ({"variants": [{"variantId": "a", "weight": 50}, {"variantId": "b", "weight": 50, "control": True,
          "destinationUrl": f"{SHOP}/b"}]}, "epoch"),
        ({"variants": [{"variantId": "a", "weight": 60, "control": True}, {"variantId": "b", "weight": 40,
          "destinationUrl": f"{SHOP}/b"}]}, "phase"),
    ],
)  # fmt: skip
def test_what_begins_an_epoch_once_somebody_has_entered(funnel: Funnel, change: dict[str, Any], begins: str) -> None:
    funnel.campaign()
    funnel.click(person=1)
    changed = funnel.change(**change)
    expected = {"nothing": (1, 1), "phase": (1, 2), "epoch": (2, 1)}[begins]
    assert (changed["epoch"], changed["phase"]) == expected


def test_another_address_of_the_primary_link_begins_an_epoch_for_who_has_no_address_of_its_own(funnel: Funnel) -> None:
    funnel.campaign()
    funnel.link(SLUG, campaignId=CAMPAIGN, destinationUrl=f"{SHOP}/a2")
    assert funnel.client.get(ONE, by=funnel.owner).json()["epoch"] == 1
    first = funnel.click(person=1)
    funnel.link(SLUG, campaignId=CAMPAIGN, destinationUrl=f"{SHOP}/a3")
    assert funnel.client.get(ONE, by=funnel.owner).json()["epoch"] == 2
    again = funnel.click(person=1)
    assert funnel.client.get(f"/v2/public/context?ctx={again.ctx}").json()["cohort"] == "EARLIER"
    assert again.path == {"/a2": "/a3", "/b": "/b"}[first.path]
    assert [results(funnel, f"?epoch={epoch}")["funnel"]["visitors"] for epoch in (1, 2)] == [1, 1]
    assert sum(own["visitors"] for own in results(funnel, "?epoch=1")["variants"]) == 1
    assert results(funnel)["excluded"]["earlier"] == 1


@pytest.mark.parametrize("weight", [-1, 1.5, "50", True, None, 1_000_001, "NaN", [1]])
def test_a_weight_that_is_no_whole_number_from_0_is_refused_by_name(
    funnel: Funnel, client: Client, cast: Cast, weight: object
) -> None:
    a, b = funnel.campaign()["variants"]
    for call in (
        client.patch(ONE, {"variants": [a, {**b, "weight": weight}]}, by=cast.owner),
        client.post(
            CAMPAIGNS,
            {
                "campaignId": "other",
                "name": "x",
                "goalType": "LEAD_CAPTURE",
                "variants": [{"variantId": "a", "weight": weight}],
            },
            by=cast.owner,
        ),
    ):
        document = refused(call, 400, "invalid_weight")
        assert document["errors"][0]["pointer"].endswith("/weight")
        assert document["errors"][0]["detail"]


def test_weights_that_are_all_zero_are_refused_with_the_way_out(funnel: Funnel, client: Client, cast: Cast) -> None:
    a, b = funnel.campaign()["variants"]
    for variants in (
        [{**a, "weight": 0}, {**b, "weight": 0}],
        [{**a, "weight": 0}, {**b, "enabled": False}],
    ):
        document = refused(client.patch(ONE, {"variants": variants}, by=cast.owner), 400, "invalid_variants")
        assert "at least one enabled variant with a weight above 0" in document["detail"]


def test_weights_that_leave_a_variant_out_of_reach_name_the_smallest_ramp_that_works(
    funnel: Funnel, client: Client, cast: Cast
) -> None:
    a, b = funnel.campaign(rampPercent=5)["variants"]
    document = refused(
        client.patch(ONE, {"variants": [{**a, "weight": 999}, {**b, "weight": 1}]}, by=cast.owner),
        400,
        "invalid_ramp_percent",
    )
    assert "nobody could reach b" in document["detail"]
    assert "the smallest ramp that works is 10 %" in document["detail"]
    hopeless = refused(
        client.patch(ONE, {"variants": [{**a, "weight": 1}, {**b, "weight": 999_999}]}, by=cast.owner),
        400,
        "invalid_variants",
    )
    assert "give it more weight" in hopeless["detail"]
    funnel.ramp(0)
    assert funnel.change(variants=[{**a, "weight": 999}, {**b, "weight": 1}])["phase"] == 3
    refused(client.post(f"{ONE}/ramp", {"rampPercent": 9}, by=cast.owner), 400, "invalid_ramp_percent")
    assert funnel.ramp(10)["rampPercent"] == 10


@pytest.mark.parametrize("ramp", [-1, 101, 2.5, "50", True, None])
def test_a_ramp_that_is_no_percentage_is_refused(funnel: Funnel, client: Client, cast: Cast, ramp: object) -> None:
    funnel.campaign()
    refused(client.post(f"{ONE}/ramp", {"rampPercent": ramp}, by=cast.owner), 400, "invalid_ramp_percent")


def test_the_currency_of_a_campaign_stays_and_orders_in_another_are_kept_apart(
    funnel: Funnel, client: Client, cast: Cast
) -> None:
    funnel.campaign()
    ctx = funnel.click(person=1).ctx
    funnel.convert(ctx, "in-usd", value="10.00")
    document = refused(client.patch(ONE, {"currency": "EUR"}, by=cast.owner), 400, "read_only_field")
    assert document["errors"][0]["pointer"] == "/currency"
    assert client.patch(f"/v2/handles/{HANDLE}", {"currency": "JPY"}, by=cast.owner).status_code == 200
    assert client.get(ONE, by=cast.owner).json()["currency"] == "USD"
    assert funnel.convert(ctx, "in-no-currency-told", value="1.50")["currency"] == "USD"
    assert funnel.convert(ctx, "in-eur", value="20.00", currency="EUR")["disposition"] == "COUNTED"
    found = results(funnel)
    (own,) = [own for own in found["variants"] if own["visitors"]]
    assert {money["currency"]: money["net"] for money in own["revenue"]} == {"EUR": "20.00", "USD": "11.50"}
    assert own["revenuePerVisitor"] == "11.5000"
    assert "mixed_currency" in found["verdict"]["reasons"]


def test_the_owner_lifts_the_seal_with_a_reason_that_history_keeps(
    funnel: Funnel, client: Client, cast: Cast, clock: SetClock
) -> None:
    funnel.campaign(embargoUntil=iso(clock.now() + 5 * DAY))
    funnel.click(person=1)
    assert results(funnel)["verdict"]["code"] == "EMBARGOED"
    lift = {"embargoUntil": None, "reason": "The budget is decided tomorrow."}
    for who, code in ((cast.operator, "insufficient_role"), (cast.token("campaigns.*"), "insufficient_role")):
        refused(client.patch(ONE, lift, by=who), 403, code)
    refused(client.patch(ONE, {"embargoUntil": None}, by=cast.owner), 400, "invalid_reason")
    assert results(funnel)["verdict"]["code"] == "EMBARGOED"
    assert client.patch(ONE, lift, by=cast.owner).status_code == 200
    found = results(funnel)
    assert (found["verdict"]["code"], found["sealedUntil"], found["epoch"]) == ("NOT_ENOUGH_DATA", None, 1)
    newest = client.get(f"{ONE}/history", by=cast.teammate).json()["items"][0]
    assert (newest["reason"], newest["actor"]) == (lift["reason"], f"user:{cast.owner.user_id}")
    assert newest["details"]["changed"] == ["embargo_until"]
