"""A bundle run again on another installation: the campaign is made there if it must be, the steps are compared."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from funnelproof.bundles.bundle import Made, asked_again, campaign_of, link_of
from funnelproof.bundles.pack import UnusableBundle
from funnelproof.plans.faults import UnusableServer
from funnelproof.plans.read import read_plan
from funnelproof.plans.run import run_plan
from funnelproof.plans.target import with_options
from funnelproof.plans.wire import Answer, Wire

APART = ("id", "status", "expected", "observed")
PLAN = "plan.yaml"


@dataclass(frozen=True, slots=True)
class Difference:
    """`then` and `now` are the step as it was seen; None where there was none."""

    variant: str
    step: str
    then: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """`is_new`: the campaign was made for this. `differences` are in the order of the steps."""

    handle: str
    campaign: str
    is_new: bool
    run_id: str
    fingerprint_then: str
    fingerprint_now: str
    steps: int
    differences: tuple[Difference, ...]


async def replay(wire: Wire, bundle: Mapping[str, Any], handle: str, campaign: str | None) -> Replayed:
    """Raises `UnusableServer`, `UnusablePlan`, `UnusableBundle`. `campaign` names one that is there already."""
    about, then = bundle["bundle"], bundle["receipt"]
    if about["made"] not in (Made.TEST_CONVERSION, Made.PLAN):
        raise UnusableBundle(f"This run was made by {about['made']}, which a bundle does not know: nothing to replay.")
    wanted = campaign or str(about["campaignId"])
    base = f"/v2/handles/{handle}/campaigns"
    is_new = campaign is None and await _make(wire, base, handle, wanted, bundle)
    if about["made"] == Made.PLAN:
        now = await _performed(wire, bundle, handle, wanted)
    else:
        now = _good(await wire.api("POST", f"{base}/{wanted}/test-conversion", asked_again(about)), "the test")
    places = ((str(about["handle"]), handle), (str(about["campaignId"]), wanted))
    return Replayed(
        handle,
        wanted,
        is_new,
        now["runId"],
        str(about["fingerprint"]),
        now["fingerprint"],
        sum(len(own["steps"]) for own in now["variants"]),
        tuple(_differences(then, now, places)),
    )


async def _performed(wire: Wire, bundle: Mapping[str, Any], handle: str, campaign: str) -> dict[str, Any]:
    """The receipt of the bundle's own plan, performed here with the seed of then."""
    script = read_plan(bundle[PLAN].encode(), PLAN)
    script = with_options(script, handle=handle, campaign=campaign, seed=str(bundle["bundle"]["seed"]))
    outcome = await run_plan(script, wire.http, token=wire.token, links_url=wire.links_url)
    if outcome.receipt is None:
        raise UnusableServer(outcome.error_code or "refused", outcome.error or "The run was not finished.")
    return dict(outcome.receipt)


async def _make(wire: Wire, base: str, handle: str, campaign: str, bundle: Mapping[str, Any]) -> bool:
    """False if there is one of this name: then that one is tested."""
    configuration = bundle["configuration"]
    made = await wire.api("POST", base, campaign_of(campaign, configuration))
    if made.status == 409 and made.body.get("error") == "campaign_exists":
        return False
    _good(made, "the campaign")
    if configuration.get("primaryLink"):
        slug = configuration["primaryLink"]["slug"]
        path = f"/v2/handles/{handle}/links/{slug}"
        _good(await wire.api("PUT", path, link_of(campaign, configuration)), "its primary link")
    if isinstance(bundle.get("page"), dict):
        site = f"/v2/handles/{handle}/site-structure/campaigns/{campaign}"
        _good(await wire.api("PUT", site, bundle["page"]), "its page")
        _good(await wire.api("POST", f"{site}/publish"), "publishing its page")
    return True


def _good(answer: Answer, what: str) -> dict[str, Any]:
    if not answer.is_good:
        told = answer.body.get("detail", "") if isinstance(answer.body, dict) else ""
        raise UnusableServer("refused", f"{what} was answered {answer.status}: {told}", answer.request_id)
    return dict(answer.body)


def _differences(
    then: Mapping[str, Any], now: Mapping[str, Any], places: tuple[tuple[str, str], ...]
) -> list[Difference]:
    """Handle and campaign may have other names here; everything else must be the same."""
    before, after = _steps(then, places), _steps(now, ())
    keys = [*before, *(key for key in after if key not in before)]
    return [Difference(*key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]


def _steps(receipt: Mapping[str, Any], places: tuple[tuple[str, str], ...]) -> dict[tuple[str, str], Any]:
    steps: dict[tuple[str, str], Any] = {}
    for variant in receipt["variants"]:
        for step in variant["steps"]:
            told = json.loads(json.dumps({name: step.get(name) for name in APART}))
            steps[str(variant["variantId"] or ""), str(step["id"])] = _renamed(told, dict(places))
    return steps


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(own, names) for name, own in value.items()}
    if isinstance(value, list):
        return [_renamed(own, names) for own in value]
    return names.get(value, value) if isinstance(value, str) else value
