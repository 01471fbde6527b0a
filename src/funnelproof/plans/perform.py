"""Each verb of a plan, performed: what was seen, without ids and times."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from funnelproof.plans import reading
from funnelproof.plans.plan import Configure, Convert, Refund, Replay, Scene, Tamper, Visit
from funnelproof.plans.spans import UNTIL_EXPIRED, UNTIL_WINDOW_ENDS, offset_of, seconds_of
from funnelproof.plans.stage import Person, Stage, place_of
from funnelproof.plans.tamper import tampered
from funnelproof.plans.wire import Answer

Observed = dict[str, Any]
Act = Callable[[Stage, Scene, int], Awaitable[Observed]]
AT_ONCE = 16


async def perform(stage: Stage, scene: Scene, number: int) -> Observed:
    """What was seen of the scene. Raises `UnusableServer`."""
    return await ACTS[scene.verb](stage, scene, number)


async def _visit(stage: Stage, scene: Scene, _number: int) -> Observed:
    visit = scene.visit or Visit()
    if visit.visitors is not None:
        return await _visit_all(stage, visit, visit.visitors)
    return await _visit_once(stage, visit, stage.meet(visit, visit.visitor))


async def _visit_once(stage: Stage, visit: Visit, person: Person) -> Observed:
    answer = await stage.click(visit, person)
    seen: Observed = {**answer.refusal, "ctx": bool(answer.ctx), "destination": place_of(answer.location)}
    seen["tags"] = {name: own for name, own in parse_qsl(urlsplit(answer.location).query) if name != "ctx"}
    if answer.ctx:
        told = (await stage.read_ctx(answer.ctx)).body
        seen |= {"mode": told.get("mode"), "variant": told.get("variantId"), "cohort": told.get("cohort")}
        seen["sameVariant"] = not person.variants or person.variants[-1] == told.get("variantId")
        person.ctxs.append(answer.ctx)
        person.variants.append(told.get("variantId"))
    return seen


async def _visit_all(stage: Stage, visit: Visit, count: int) -> Observed:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(person: Person) -> Observed:
        async with gate:
            return await _visit_once(stage, visit, person)

    people = [stage.meet(visit, f"visitor-{number}") for number in range(1, count + 1)]
    seen = await asyncio.gather(*map(one, people))
    led_on = [own for own in seen if own["destination"]]
    return {
        "ledOn": len(led_on),
        "refused": count - len(led_on),
        "ctx": sum(own["ctx"] for own in seen),
        "variants": _sums(own.get("variant") for own in led_on),
        "cohorts": _sums(own.get("cohort") for own in led_on),
        "sameVariant": all(own.get("sameVariant", True) for own in led_on),
    }


def _sums(found: Any) -> dict[str, int]:
    return dict(sorted(Counter(str(own) for own in found if own is not None).items()))


async def _convert(stage: Stage, scene: Scene, number: int) -> Observed:
    convert = scene.convert or Convert()
    usual = f"plan:{stage.seed}:{number}"
    keys = [convert.key or usual]
    if convert.times > 1:
        keys = keys * convert.times if convert.key else [f"{usual}:{at}" for at in range(1, convert.times + 1)]
    bodies = [_body(stage, convert, key) for key in keys]
    for body in bodies:
        stage.sent.setdefault(body["idempotencyKey"], body)
    stage.last_key = keys[-1]
    stage.turn_to(convert.visitor)
    return await _sent(stage, bodies, several=convert.times > 1)


def _body(stage: Stage, convert: Convert, key: str) -> dict[str, Any]:
    told = {
        "ctx": stage.ctx_of(convert.visitor, click=convert.click),
        "idempotencyKey": key,
        "eventType": convert.event,
        "value": convert.value,
        "currency": convert.currency,
        "occurredAt": stage.at(offset_of(convert.occurred)) if convert.occurred else None,
    }
    return {name: own for name, own in told.items() if own is not None}


async def _replay(stage: Stage, scene: Scene, _number: int) -> Observed:
    replay = scene.replay or Replay()
    body = dict(stage.sent[replay.key or stage.last_key])
    changed = {"value": replay.value, "currency": replay.currency, "eventType": replay.event}
    body |= {name: own for name, own in changed.items() if own is not None}
    if replay.visitor is not None:
        body["ctx"] = stage.ctx_of(replay.visitor)
        stage.turn_to(replay.visitor)
    return await _sent(stage, [body] * replay.times, several=replay.times > 1)


async def _sent(stage: Stage, bodies: list[dict[str, Any]], *, several: bool) -> Observed:
    before = dict(stage.first_ids)
    answers = await stage.send_all(bodies)
    return _seen_together(answers) if several else seen_of(answers[0], before.get(bodies[0]["idempotencyKey"]))


def seen_of(answer: Answer, first_id: str | None) -> Observed:
    """Of one conversion. `conversion`: the same as the first under its key, another, or new."""
    seen: Observed = {**answer.refusal, "answer": answer.body.get("status") if answer.is_good else "REFUSED"}
    if not answer.is_good:
        return seen | {"differs": answer.body.get("differs")}
    own_id = answer.body.get("conversionId")
    seen["conversion"] = "new" if first_id is None else "the same" if own_id == first_id else "another"
    named = {"campaign": "campaignId", "variant": "variantId", "event": "eventType"}
    seen |= {name: answer.body.get(member) for name, member in named.items()}
    return seen | {name: answer.body.get(name) for name in ("disposition", "value", "currency", "mode")}


def _seen_together(answers: Sequence[Answer]) -> Observed:
    good = [answer.body for answer in answers if answer.is_good]
    return {
        "recorded": sum(body.get("status") == "RECORDED" for body in good),
        "duplicates": sum(body.get("status") == "DUPLICATE" for body in good),
        "refused": len(answers) - len(good),
        "conversions": len({body.get("conversionId") for body in good}),
        "dispositions": _sums(body.get("disposition") for body in good if body.get("status") == "RECORDED"),
        "errors": _sums(answer.body.get("error") for answer in answers if not answer.is_good),
    }


async def _tamper(stage: Stage, scene: Scene, number: int) -> Observed:
    tamper = scene.tamper or Tamper()
    key = tamper.key or f"plan:{stage.seed}:{number}"
    body = tampered(tamper.how, stage.ctx_of(tamper.visitor), key)
    stage.sent.setdefault(key, body)
    stage.turn_to(tamper.visitor)
    return seen_of(await stage.send(body), None)


async def _refund(stage: Stage, scene: Scene, number: int) -> Observed:
    refund = scene.refund or Refund()
    told = {
        "idempotencyKey": refund.refund or f"plan:{stage.seed}:{number}:refund",
        "conversionKey": refund.key or stage.last_key,
        "amount": refund.amount,
    }
    body = {name: own for name, own in told.items() if own is not None}
    path = f"/v2/handles/{stage.target.handle}/reversals"
    in_run = {"run": stage.run_id}
    answers = [await stage.wire.api("POST", path, body, in_run) for _ in range(refund.times)]
    if refund.times > 1:
        return _refunds(answers)
    answer = answers[0]
    seen = {**answer.refusal, "answer": _answer_to_refund(answer)}
    return seen | {name: answer.body.get(name) for name in ("amount", "currency")}


def _answer_to_refund(answer: Answer) -> str:
    if not answer.is_good:
        return "REFUSED"
    return "DUPLICATE" if answer.body.get("duplicate") else str(answer.body.get("status"))


def _refunds(answers: Sequence[Answer]) -> Observed:
    told = Counter(map(_answer_to_refund, answers))
    return {
        "applied": told["APPLIED"],
        "waiting": told["WAITING"],
        "duplicates": told["DUPLICATE"],
        "refused": told["REFUSED"],
        "errors": _sums(answer.body.get("error") for answer in answers if not answer.is_good),
    }


async def _wait(stage: Stage, scene: Scene, _number: int) -> Observed:
    whole = {UNTIL_EXPIRED: stage.target.ctx_seconds + 1, UNTIL_WINDOW_ENDS: stage.target.window_seconds + 1}
    words = scene.wait or ""
    seconds = whole[words] if words in whole else seconds_of(words)
    return (await stage.wait(seconds)).refusal


async def _pause(stage: Stage, _scene: Scene, _number: int) -> Observed:
    return (await stage.configure({"status": "PAUSED"})).refusal


async def _resume(stage: Stage, _scene: Scene, _number: int) -> Observed:
    return (await stage.configure({"status": "ACTIVE"})).refusal


async def _configure(stage: Stage, scene: Scene, _number: int) -> Observed:
    change = scene.configure or Configure()
    switched = {**dict.fromkeys(change.switch_off, False), **dict.fromkeys(change.switch_on, True)}
    touched = dict.fromkeys([*change.weights, *change.destinations, *switched])
    variants = [_variant(name, change, switched) for name in touched]
    body: dict[str, Any] = {"variants": variants} if variants else {}
    if change.ramp is not None:
        body["rampPercent"] = change.ramp
    return (await stage.configure(body)).refusal


def _variant(name: str, change: Configure, switched: Mapping[str, bool]) -> dict[str, Any]:
    told = {
        "variantId": name,
        "weight": change.weights.get(name),
        "destinationUrl": change.destinations.get(name),
        "enabled": switched.get(name),
    }
    return {member: own for member, own in told.items() if own is not None}


async def _read(stage: Stage, scene: Scene, _number: int) -> Observed:
    what, *rest = (scene.read or "funnel").split(" ")
    return await reading.READINGS[what](stage, rest[-1] if rest else None)


ACTS: dict[str, Act] = {
    "visit": _visit,
    "wait": _wait,
    "convert": _convert,
    "replay": _replay,
    "tamper": _tamper,
    "refund": _refund,
    "pause": _pause,
    "resume": _resume,
    "configure": _configure,
    "read": _read,
}
