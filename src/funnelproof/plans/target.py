"""What a plan is run against: its handle and campaign as the server knows them, and the plan's words made into ids."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from funnelproof.plans.faults import Path, PlanFault, UnusablePlan, UnusableServer, did_you_mean
from funnelproof.plans.plan import CHALLENGER, CONTROL, Configure, Plan, Scene
from funnelproof.plans.read import Script
from funnelproof.plans.wire import Wire

Member = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Variants:
    """Ids in the campaign's order; `control` and `challenger` are empty where there is none."""

    ids: tuple[str, ...]
    control: str
    challenger: str

    def named(self, word: str) -> str:
        """An id, or one of the words that fit any campaign. An id that looks like a word is the id."""
        if word in self.ids:
            return word
        return {CONTROL: self.control, CHALLENGER: self.challenger}.get(word, word)


@dataclass(frozen=True, slots=True)
class Target:
    handle: str
    campaign: str
    time_zone: str
    slug: str
    currency: str
    event: str
    ctx_seconds: int
    window_seconds: int
    variants: Variants

    @property
    def base(self) -> str:
        return f"/v2/handles/{self.handle}/campaigns/{self.campaign}"


async def find_target(wire: Wire, script: Script) -> Target:
    """Raises `UnusablePlan` with the place in the plan, `UnusableServer` where it is not the plan's fault."""
    handle = await _handle(wire, script)
    campaign_id = script.plan.campaign
    if campaign_id is None:
        raise UnusablePlan([script.source.fault((), "campaign is missing; name one here, or with --campaign.")])
    answer = await wire.api("GET", f"/v2/handles/{handle['handle']}/campaigns/{campaign_id}")
    if not answer.is_good:
        raise UnusablePlan([await _no_campaign(wire, script, handle["handle"], campaign_id)])
    return _target(handle, dict(answer.body), script)


async def _handle(wire: Wire, script: Script) -> Member:
    answer = await wire.api("GET", "/v2/handles")
    if not answer.is_good or not isinstance(answer.body.get("items"), list):
        raise UnusableServer(
            "not_funnelproof", f"{wire.http.base_url} is no Funnelproof: GET /v2/handles did not list."
        )
    own: dict[str, Member] = {item["handle"]: item for item in answer.body["items"]}
    wanted = script.plan.handle
    if wanted is None and len(own) == 1:
        return next(iter(own.values()))
    if not own:
        raise UnusableServer("no_handle", "The token opens no handle here. Ask for one of the campaign's handle.")
    if wanted is None:
        sentence = f"name the handle (`handle:`, or --handle): the token opens several; {did_you_mean('', list(own))}"
        raise UnusablePlan([script.source.fault((), sentence)])
    if wanted not in own:
        sentence = f"the plan is for the handle {wanted}, the token is not; {did_you_mean(wanted, list(own))}"
        raise UnusablePlan([script.source.fault(("handle",), sentence)])
    return own[wanted]


async def _no_campaign(wire: Wire, script: Script, handle: str, campaign_id: str) -> PlanFault:
    answer = await wire.api("GET", f"/v2/handles/{handle}/campaigns", params={"limit": "200"})
    known = [item["campaignId"] for item in answer.body.get("items", ())]
    return script.source.fault(
        ("campaign",), f"{handle} has no campaign {campaign_id}; {did_you_mean(campaign_id, known)}"
    )


def _target(handle: Member, campaign: Member, script: Script) -> Target:
    if not campaign.get("primarySlug"):
        sentence = f"{campaign['campaignId']} has no primary link to visit; bind one with `primarySlug`."
        raise UnusableServer("no_primary_link", sentence)
    return Target(
        handle=handle["handle"],
        campaign=campaign["campaignId"],
        time_zone=script.plan.time_zone or handle["timeZone"],
        slug=campaign["primarySlug"],
        currency=campaign["currency"],
        event=campaign["eventType"],
        ctx_seconds=campaign["ctxTtlSeconds"],
        window_seconds=campaign["attributionWindowDays"] * 86_400,
        variants=_variants(campaign["variants"]),
    )


def _variants(found: list[Member]) -> Variants:
    ids = tuple(own["variantId"] for own in found)
    control = next((own["variantId"] for own in found if own.get("control")), ids[0] if ids else "")
    others = (own["variantId"] for own in found if own["variantId"] != control)
    weighty = {own["variantId"] for own in found if own["weight"] > 0 and own.get("enabled", True)}
    return Variants(ids, control, next((each for each in others if each in weighty), ""))


def fitted(script: Script, target: Target) -> Plan:
    """The plan with ids of this campaign in place of words. Raises `UnusablePlan` for variants that it has not."""
    faults: list[PlanFault] = []

    def named(path: Path, *, of_name: bool = False) -> Callable[[str], str]:
        def name(word: str) -> str:
            found = target.variants.named(word)
            if not found:
                sentence = f"{word}: {target.campaign} has no such variant; this plan needs one more than it has."
                faults.append(script.source.fault(path, sentence, of_name=of_name))
            elif found not in target.variants.ids:
                known = did_you_mean(word, [*target.variants.ids, CONTROL, CHALLENGER])
                sentence = f"{target.campaign} has no variant {word}; {known}"
                faults.append(script.source.fault(path, sentence, of_name=of_name))
            return found

        return name

    scenes = [_fit(scene, ("scenes", at), named) for at, scene in enumerate(script.plan.scenes)]
    if faults:
        raise UnusablePlan(list(dict.fromkeys(faults)))
    return script.plan.model_copy(update={"scenes": scenes})


Namer = Callable[..., Callable[[str], str]]


def _fit(scene: Scene, path: Path, named: Namer) -> Scene:
    changed: dict[str, Any] = {}
    if scene.visit is not None and scene.visit.variant is not None:
        variant = named((*path, "visit", "variant"))(scene.visit.variant)
        changed["visit"] = scene.visit.model_copy(update={"variant": variant})
    if scene.configure is not None:
        changed["configure"] = _fit_change(scene.configure, (*path, "configure"), named)
    if scene.expect:
        changed["expect"] = dict(_fit_expectations(scene, (*path, "expect"), named))
    return scene.model_copy(update=changed)


def _fit_change(configure: Configure, path: Path, named: Namer) -> Configure:
    mappings = {
        name: {named((*path, name, key), of_name=True)(key): own for key, own in getattr(configure, name).items()}
        for name in ("weights", "destinations")
    }
    lists = {
        name: [named((*path, alias, at))(key) for at, key in enumerate(getattr(configure, name))]
        for name, alias in (("switch_off", "switchOff"), ("switch_on", "switchOn"))
    }
    return configure.model_copy(update={**mappings, **lists})


def _fit_expectations(scene: Scene, path: Path, named: Namer) -> Iterator[tuple[str, Any]]:
    """Variants stand in `variant`, and as names below `variants` and below the rows of `funnel by variant`."""
    of_variants = {"variants"} | ({"rows"} if scene.read == "funnel by variant" else set())
    for name, own in (scene.expect or {}).items():
        if name in of_variants and isinstance(own, dict):
            fit = ((named((*path, name, key), of_name=True)(key), value) for key, value in own.items())
            yield name, dict(fit)
        elif name == "variant" and isinstance(own, str) and own not in ("any", "none") and not own.startswith("not "):
            yield name, named((*path, name))(own)
        else:
            yield name, own


def with_options(script: Script, *, handle: str | None, campaign: str | None, seed: str | None) -> Script:
    """The command's options take the place of what the plan says."""
    given = {name: own for name, own in (("handle", handle), ("campaign", campaign), ("seed", seed)) if own is not None}
    return replace(script, plan=script.plan.model_copy(update=given))
