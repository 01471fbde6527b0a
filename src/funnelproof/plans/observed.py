"""What can be seen of each verb, and what is expected where a scene says nothing. No ids, no times: those differ."""

from typing import Any

from funnelproof.plans.plan import Convert, Refund, Replay, Scene, Tamper, Visit

REASONS = {
    "one character": "bad_signature",
    "another key": "unknown_key",
    "cut short": "malformed",
    "left out": "missing",
    "another handle": "wrong_handle",
    "another campaign": "wrong_campaign",
}
REFUSED = ("status", "error", "reason")
OF_VISIT = (*REFUSED, "ctx", "mode", "variant", "cohort", "destination", "tags", "sameVariant")
OF_VISITS = ("ledOn", "refused", "ctx", "variants", "cohorts", "sameVariant")
OF_CONVERSION = (
    *REFUSED,
    "answer",
    "disposition",
    "campaign",
    "variant",
    "event",
    "value",
    "currency",
    "mode",
    "conversion",
    "differs",
)
OF_STORM = ("recorded", "duplicates", "refused", "conversions", "dispositions", "errors")
OF_REFUND = (*REFUSED, "answer", "amount", "currency")
OF_REFUNDS = ("applied", "waiting", "duplicates", "refused", "errors")
OF_CHANGE = REFUSED
OF_READING = {
    "funnel": (
        *REFUSED,
        "clicks",
        "qualifiedClicks",
        "botClicks",
        "visitors",
        "converters",
        "refundedConverters",
        "conversions",
        "gross",
        "net",
        "revenue",
        "rows",
    ),
    "health": (*REFUSED, "light", "checks"),
    "results": (*REFUSED, "verdict", "variants", "excluded", "epoch", "split"),
    "conversion": (*OF_CONVERSION, "inTest", "why"),
    "ctx": (*REFUSED, "usable", "mode", "variant", "campaign", "cohort"),
}


def names_of(scene: Scene) -> tuple[str, ...]:
    """What an `expect` of this scene may name."""
    match scene.verb:
        case "visit":
            return OF_VISITS if (scene.visit or Visit()).visitors else OF_VISIT
        case "convert":
            return OF_STORM if (scene.convert or Convert()).times > 1 else OF_CONVERSION
        case "replay":
            return OF_STORM if (scene.replay or Replay()).times > 1 else OF_CONVERSION
        case "tamper":
            return OF_CONVERSION
        case "refund":
            return OF_REFUNDS if (scene.refund or Refund()).times > 1 else OF_REFUND
        case "read":
            return OF_READING[(scene.read or "funnel").split(" ")[0]]
        case _:
            return OF_CHANGE


def usually(scene: Scene) -> dict[str, Any]:
    """What normally happens."""
    match scene.verb:
        case "visit":
            return _of_visit(scene.visit or Visit())
        case "convert":
            return _of_conversion(scene.convert or Convert())
        case "replay":
            return _of_replay(scene.replay or Replay())
        case "tamper":
            reason = REASONS[(scene.tamper or Tamper()).how]
            return {"status": 400, "error": "invalid_ctx", "reason": reason}
        case "refund":
            times = (scene.refund or Refund()).times
            return {"answer": "APPLIED"} if times == 1 else {"applied": 1, "duplicates": times - 1, "refused": 0}
        case _:
            return {"status": 200}


def _of_visit(visit: Visit) -> dict[str, Any]:
    if visit.visitors:
        return {"ledOn": visit.visitors, "ctx": visit.visitors}
    wanted = {"variant": visit.variant} if visit.variant else {}
    return {"ctx": True, "mode": "test", **wanted}


def _of_conversion(convert: Convert) -> dict[str, Any]:
    if convert.times == 1:
        return {"answer": "RECORDED", "mode": "test", "disposition": "COUNTED"}
    new = 1 if convert.key is not None else convert.times
    return {"recorded": new, "duplicates": convert.times - new, "refused": 0, "conversions": new}


def _of_replay(replay: Replay) -> dict[str, Any]:
    if replay.is_changed:
        refusals = {"refused": replay.times, "errors": {"idempotency_key_reused": replay.times}}
        return {"status": 422, "error": "idempotency_key_reused"} if replay.times == 1 else refusals
    if replay.times > 1:
        return {"recorded": 0, "duplicates": replay.times, "refused": 0, "conversions": 1}
    return {"answer": "DUPLICATE", "conversion": "the same"}
