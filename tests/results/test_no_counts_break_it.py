"""Whatever was counted and set: results, sizing and analytics answer in plain JSON, and what is null has a reason."""

import json
from itertools import count
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cast import HANDLE, Cast, Client
from funnelproof.clock import DAY, SetClock
from funnelproof.installation import Installation
from funnelproof.links.ctx import Cohort
from results.conftest import CAMPAIGNS, Crowd, Test

NUMBER = count(1)
SIZES = st.one_of(st.integers(0, 4), st.integers(0, 60), st.integers(0, 10**5), st.integers(10**7, 10**8))
RATES = st.one_of(st.none(), st.sampled_from([0.001, 0.04, 0.2, 0.5, 0.99]))
DIMENSIONS = ("day", "variant", "slug", "country", "device", "referrer", "source", "segment")


@st.composite
def crowds(draw: st.DrawFn) -> Crowd:
    visitors = draw(SIZES)
    return Crowd(
        variant=draw(st.integers(1, 3)),
        visitors=visitors,
        converters=draw(st.one_of(st.just(0), st.just(visitors), st.integers(0, visitors + 2))),
        phase=draw(st.integers(1, 2)),
        cohort=draw(st.sampled_from(["ENTERED"] * 6 + [own for own in Cohort if own is not Cohort.NONE])),
        identity=draw(st.sampled_from(["COOKIE", "COOKIE", "DAILY"])),
        each=draw(st.sampled_from([0, 1, 4_990, 10**9])),
        currency=draw(st.sampled_from(["EUR", "EUR", "EUR", "JPY", "BHD"])),
    )


CAMPAIGN = st.fixed_dictionaries(
    {
        "variants": st.lists(st.sampled_from([0, 1, 50, 10_000]), max_size=4).map(
            lambda weights: [
                {"variantId": f"v{at}", "weight": weight, "control": at == 0} for at, weight in enumerate(weights)
            ]
        ),
        "rampPercent": st.sampled_from([0, 1, 30, 100]),
        "expectedRate": RATES,
        "minimumLift": RATES,
        "decisionWindowDays": st.sampled_from([1, 7, 30]),
        "attributionWindowDays": st.sampled_from([30, 90]),
        "includeCookieless": st.booleans(),
        "currency": st.sampled_from(["EUR", "JPY"]),
        "embargoUntil": st.sampled_from([None, None, "2027-01-01T00:00:00Z"]),
    }
)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} stands in the answer")


def told(test: Test, path: str) -> Any:
    """Every answer is 200 and strict JSON."""
    answer = test.client.get(path, by=test.owner)
    assert answer.status_code == 200, (path, answer.text)
    return json.loads(answer.text, parse_constant=refuse)


def nulls(found: dict[str, Any]) -> set[str]:
    return {name for name, value in found.items() if value is None}


def check_results(found: dict[str, Any]) -> None:
    for part in [*found["variants"], *found["comparisons"]]:
        assert nulls(part) == set(part["withheld"]) & set(part), part
        assert all(part["withheld"].values())
    for counter, excluded in (("visitors", "excluded"), ("converters", "excludedConverters")):
        parts = sum(own[counter] for own in found["variants"]) + sum(found[excluded].values())
        assert found["funnel"][counter] >= parts or found["epoch"] > 1
    sizing = found["sizing"]
    assert (sizing["reason"] is not None) or (None not in sizing["daysLeft"].values())
    assert (sizing["reason"] in {"no_plan", "plan_cannot_be"}) is (sizing["visitorsPerVariant"] is None)
    verdict = found["verdict"]
    assert verdict["sentence"]
    assert [own["reason"] for own in verdict["explanations"]] == verdict["reasons"]
    assert all(own["sentence"] for own in verdict["explanations"])
    assert "nan" not in json.dumps(found).lower().replace("nanc", "")
    for own in found["comparisons"]:
        check_comparison(own)


def check_comparison(own: dict[str, Any]) -> None:
    for name in ("pValue", "alwaysValidPValue", "adjustedPValue", "chanceToWin"):
        assert own[name] is None or 0 <= own[name] <= 1
    if own["alwaysValidPValue"] is not None and own["pValue"] is not None:
        assert own["pValue"] <= own["alwaysValidPValue"] <= own["adjustedPValue"]
    for name in ("differenceInterval", "alwaysValidInterval"):
        assert own[name] is None or own[name][0] <= own["difference"] <= own[name][1]


def check_sizing(found: dict[str, Any]) -> None:
    absent = {*nulls(found), *(f"days.{name}" for name in nulls(found["days"]))} - {"reason"}
    assert not absent or found["reason"] is not None, found
    assert all(0 <= point["power"] <= 1 for point in found["curve"])
    assert found["sentence"]


@settings(
    max_examples=25,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(CAMPAIGN, st.lists(crowds(), max_size=7), st.sampled_from([0, 1, 9, 40]), st.sampled_from(DIMENSIONS))
def test_any_counts_under_any_settings_are_answered(
    client: Client,
    cast: Cast,
    clock: SetClock,
    installation: Installation,
    fields: dict[str, Any],
    counted: list[Crowd],
    days: int,
    dimension: str,
) -> None:
    name = f"fuzz-{next(NUMBER)}"
    body = {"campaignId": name, "name": name, "goalType": "PRODUCT_SALE", "status": "ACTIVE", **fields}
    body["primaryLink"] = {"slug": name, "destinationUrl": "https://shop.gharart.example/a"}
    owner = cast.token("campaigns.*", "links.*", "analytics.*")
    made = client.post(CAMPAIGNS, body, by=owner)
    if made.status_code == 400:
        return  # weights that leave a variant without a bucket, and the like
    assert made.status_code == 201, made.text
    test = Test(client, installation, owner, clock, str(made.headers["location"]))
    test.crowd(*counted)
    clock.advance(days * DAY)
    check_results(told(test, f"{test.path}/results"))
    check_sizing(told(test, f"{test.path}/sizing"))
    check_sizing(told(test, f"{test.path}/sizing?baseline=0.04&lift=0.1&dailyVisitors=900"))
    assert client.get(f"{test.path}/sizing/power.svg", by=owner).status_code == 200
    told(test, f"{test.path}/results/looks")
    analytics = f"/v2/handles/{HANDLE}/analytics?campaignId={name}&groupBy={dimension}&funnel=true"
    for stage in told(test, analytics)["funnel"][1:]:
        assert stage["rateFromPrevious"] is None or stage["rateFromPrevious"] >= 0
    told(test, f"{test.path}/health")
