"""Every ready-made plan: green on a sound product, red when the defect that it guards against is planted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from itertools import count
from typing import Any

import pytest

from cast import Client, make_cast
from conftest import MakeInstallation
from funnel import NEW_CAMPAIGN, Funnel
from funnelproof.app import Application
from funnelproof.clicks.assignment import Kind
from funnelproof.clock import local_day
from funnelproof.plans import ready
from funnelproof.plans.outcome import Verdict
from funnelproof.plans.read import Script
from funnelproof.plans.target import with_options
from plans.conftest import Prove, failures, prove_by

Plant = Callable[[pytest.MonkeyPatch], None]
TAKES_REFUNDS = find_spec("funnelproof.conversions.reverse") is not None


def script_of(name: str) -> Script:
    return with_options(ready.script_of(name), handle=None, campaign="new-buyer-funnel", seed=None)


def instead_of(place: str, other: object) -> Plant:
    return lambda patch: patch.setattr(f"funnelproof.{place}", other)


def around(place: str, changed: Callable[[Any], Any]) -> Plant:
    """In place of a function, one that is made of it."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        module, _, name = f"funnelproof.{place}".rpartition(".")
        original = getattr(__import__(module, fromlist=[name]), name)
        patch.setattr(f"funnelproof.{place}", changed(original))

    return plant


def _a_key_for_each_request(read_body: Any) -> Any:
    numbers = count()
    return lambda raw: {**(told := read_body(raw)), "idempotencyKey": f"{told['idempotencyKey']}.{next(numbers)}"}


def _nobody_is_remembered(among_variants: Any) -> Any:
    return lambda *where, **more: among_variants(*where, **{**more, "standing": None})


def _who_never_was_anybody_else(draw_visitor: Any) -> Any:
    return lambda campaign, seed, who: draw_visitor(campaign, seed, replace(who, visitor="one", variant=None))


class SignaturesAlwaysHold:
    compare_digest = staticmethod(lambda *_: True)


OF_REFUNDS: Mapping[str, Plant] = {
    "refund-before-purchase": instead_of("conversions.record.apply_awaiting", lambda *_: None)
}
PLANTS: Mapping[str, Plant] = {
    **(OF_REFUNDS if TAKES_REFUNDS else {}),
    "new-buyer-funnel": around(
        "clicks.door.arrival_address",
        lambda made: lambda destination, **more: made(destination, **{**more, "ctx": None}),
    ),
    "invalid-ctx": around("clicks.door.mint", lambda mint: lambda ctx, key: mint(ctx, key)[:-1]),
    "expired-ctx": instead_of("conversions.record.check_times", lambda *_: None),
    "tampered-ctx": instead_of("links.ctx.hmac", SignaturesAlwaysHold),
    "foreign-ctx": instead_of("conversions.record.check_expected", lambda *_: None),
    "missing-tags": instead_of("clicks.counting.missing_tags", lambda *_: ()),
    "reused-key": instead_of("conversions.known.differences", lambda *_: []),
    "duplicate-storm": around("conversions.door.read_body", _a_key_for_each_request),
    "late-and-out-of-order": instead_of("conversions.admit.event_time", lambda _claim, now: now),
    "pause-in-mid-run": instead_of("clicks.assignment.OUT_OF_PLAY", {}),
    "clock-skew": instead_of("conversions.admit.event_time", lambda claim, now: claim.occurred_at or now),
    "bot-burst": instead_of("clicks.visiting.kind_of", lambda *_, **__: Kind.PERSON),
    "cookie-loss": around("clicks.visiting.draw_visitor", _who_never_was_anybody_else),
    "daylight-saving-spring": instead_of("clicks.counting.local_day", lambda at, _zone: local_day(at, "Etc/GMT-1")),
    "daylight-saving-autumn": instead_of("clicks.counting.local_day", lambda at, _zone: local_day(at, "Etc/GMT-2")),
    "weights-in-mid-run": around("clicks.assignment._among_variants", _nobody_is_remembered),
}
"""One defect for each plan, put into the product's own code."""


@pytest.fixture(autouse=True)
def _no_day_is_remembered() -> None:
    """Days are remembered for the process; a planted clock must not find those of another test."""
    from funnelproof.clicks import counting

    counting._day_of.cache_clear()


def test_there_is_a_planted_defect_for_every_plan() -> None:
    assert sorted({*PLANTS, *OF_REFUNDS}) == ready.names()


@pytest.mark.parametrize("name", PLANTS)
def test_a_sound_product_passes(prove: Prove, name: str) -> None:
    outcome = prove(script_of(name))
    assert failures(outcome) == []
    assert (outcome.verdict, outcome.error) == (Verdict.PASS, None)


@pytest.mark.parametrize("name", PLANTS)
def test_the_planted_defect_fails_the_plan(prove: Prove, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTS[name](monkeypatch)
    outcome = prove(script_of(name))
    assert (outcome.verdict, outcome.exit_status, outcome.error) == (Verdict.FAIL, 1, None)
    assert failures(outcome)


def test_all_of_them_pass_on_postgresql(make_installation: MakeInstallation) -> None:
    home = make_installation("postgresql")
    with Client(Application(home)) as client:
        funnel = Funnel(client, make_cast(home))
        funnel.campaign()
        outcomes = {name: prove_by(client, str(funnel.owner.credential), script_of(name)) for name in PLANTS}
    assert {name: failures(outcome) for name, outcome in outcomes.items() if outcome.verdict is not Verdict.PASS} == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"goalType": "LEAD_CAPTURE", "currency": "JPY"},
        {"countingRule": "ONCE_PER_CLICK", "trustedConversions": True, "attributionWindowDays": 7},
        {"variants": [*NEW_CAMPAIGN["variants"], {"variantId": "c", "weight": 5}]},
    ],
    ids=lambda fields: "-".join(fields),
)
def test_they_fit_campaigns_of_every_kind(client: Client, funnel: Funnel, fields: dict[str, Any]) -> None:
    funnel.campaign(**fields)
    of_the_demo = {"new-buyer-funnel"}
    outcomes = {
        name: prove_by(client, str(funnel.owner.credential), script_of(name)) for name in PLANTS.keys() - of_the_demo
    }
    assert {name: failures(own) for name, own in outcomes.items() if own.verdict is not Verdict.PASS} == {}
