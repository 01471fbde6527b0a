"""A conversion as it comes in: bytes to a claim, all problems of its shape at once, numbers read from their text."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from funnelproof.clock import Micros, from_iso
from funnelproof.conversions.admit import check_key
from funnelproof.errors import Fault, Problem, invalid_payload
from funnelproof.links.ctx import InvalidCtx, Reason
from funnelproof.web import strict_json

FIELDS = {
    "ctx",
    "idempotencyKey",
    "eventType",
    "value",
    "currency",
    "occurredAt",
    "customerKey",
    "properties",
    "expect",
}
EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}")
CURRENCY = re.compile(r"[A-Z]{3}")
DECIMAL = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
MAX_PROPERTIES = 20
MAX_PROPERTIES_BYTES = 4096
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
LATEST: Micros = from_iso("9999-12-31T00:00:00Z")

Faults = list[Fault]
Check = Callable[[Any, Faults], None]


def _is_text(value: Any) -> bool:
    """A text of the body; numbers are kept as texts of another kind."""
    return isinstance(value, str) and not isinstance(value, Number)


class Number(str):
    """A JSON number by its text, so that no amount ever passes through a float."""

    __slots__ = ()


def read_body(body: bytes) -> dict[str, Any]:
    """The body as a dictionary whose shape holds, or a problem that lists every fault. The ctx is not opened yet."""
    return checked(strict_json.read(body, number=Number))


def checked(told: Any) -> dict[str, Any]:
    """The same, of what was read from a body already."""
    if not isinstance(told, dict):
        raise invalid_payload([Fault("", "invalid", "must be a JSON object with ctx and idempotencyKey.")])
    faults: Faults = [_unknown(name) for name in told if name not in FIELDS]
    _check_key(told.get("idempotencyKey"), faults)
    for name, check in CHECKS.items():
        if told.get(name) is not None:
            check(told[name], faults)
    if faults:
        raise invalid_payload([*_ctx_faults(told.get("ctx")), *faults])
    if not _is_text(told.get("ctx") or ""):
        raise InvalidCtx(Reason.MALFORMED, "The ctx must be a text: the value of `ctx` from the address.")
    return told


def _ctx_faults(ctx: Any) -> Faults:
    """What can be said of a ctx beside other faults, without opening it."""
    if not ctx:
        return [Fault("/ctx", Reason.MISSING, "is missing; send what the redirect put into the address.")]
    return [] if _is_text(ctx) else [Fault("/ctx", Reason.MALFORMED, "must be a text.")]


def digest_of(told: dict[str, Any]) -> str:
    """16 bytes of SHA-256 over the canonical body: sorted members, numbers without trailing zeros."""
    return hashlib.sha256(CANONICAL.encode(_canonical(told)).encode()).hexdigest()[:32]


def plain(value: Any) -> Any:
    """Properties as they are stored: numbers become JSON numbers again, in their shortest text."""
    if isinstance(value, Number):
        return json.loads(value)
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return value


def _canonical(value: Any) -> Any:
    if isinstance(value, Number):
        return value.rstrip("0").rstrip(".") if "." in value and "e" not in value.lower() else str(value)
    if isinstance(value, dict):
        return {name: _canonical(member) for name, member in value.items() if member is not None}
    return value


def _unknown(name: str) -> Fault:
    known = ", ".join(sorted(FIELDS))
    return Fault(
        f"/{strict_json.escaped(name)}"[:200], "unknown_field", f"is not a field of a conversion; known are {known}."
    )


def _check_key(key: Any, faults: Faults) -> None:
    if not _is_text(key):
        faults.append(
            Fault("/idempotencyKey", "missing" if key is None else "invalid", "must be a text: the order's own id.")
        )
        return
    try:
        check_key(key)
    except Problem as problem:
        faults.extend(problem.faults)


def _check_text(name: str, pattern: re.Pattern[str], sentence: str) -> Check:
    def check(value: Any, faults: Faults) -> None:
        if not _is_text(value) or not pattern.fullmatch(value):
            faults.append(Fault(f"/{name}", "invalid", sentence))

    return check


def _check_value(value: Any, faults: Faults) -> None:
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        detail = "must be a plain decimal ≥ 0, as a number or a text: 49.90; no sign, no exponent, no separators."
        faults.append(Fault("/value", "invalid", detail))


def _check_time(value: Any, faults: Faults) -> None:
    try:
        at = from_iso(value) if _is_text(value) else None
    except (ValueError, OverflowError):
        at = None
    if at is None or not 0 <= at <= LATEST:
        faults.append(
            Fault("/occurredAt", "invalid", "must be an ISO 8601 time with its offset, such as 2026-11-23T08:00:00Z.")
        )


def _check_customer(value: Any, faults: Faults) -> None:
    if not _is_text(value) or not 1 <= len(value) <= 256:
        faults.append(
            Fault(
                "/customerKey", "invalid", "must be a text of 1 to 256 characters; it is stored only as a keyed hash."
            )
        )


def _check_properties(value: Any, faults: Faults) -> None:
    if not isinstance(value, dict) or len(value) > MAX_PROPERTIES:
        faults.append(Fault("/properties", "invalid", f"must be an object of at most {MAX_PROPERTIES} members."))
        return
    if "" in value:
        faults.append(Fault("/properties/", "invalid", "has no name; name each property."))
    for name, member in value.items():
        if isinstance(member, dict | list):
            faults.append(
                Fault(
                    f"/properties/{strict_json.escaped(name)}",
                    "invalid",
                    "must be a text, number, true, false or null.",
                )
            )
    if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_PROPERTIES_BYTES:
        faults.append(Fault("/properties", "invalid", f"must not exceed {MAX_PROPERTIES_BYTES} bytes."))


def _check_expect(value: Any, faults: Faults) -> None:
    if not isinstance(value, dict):
        faults.append(Fault("/expect", "invalid", "must be an object with handle, campaignId or both."))
        return
    for name, member in value.items():
        if name not in ("handle", "campaignId"):
            faults.append(
                Fault(
                    f"/expect/{strict_json.escaped(name)}", "unknown_field", "is not known; send handle or campaignId."
                )
            )
        elif not _is_text(member):
            faults.append(Fault(f"/expect/{name}", "invalid", "must be a text."))


CHECKS: dict[str, Check] = {
    "eventType": _check_text("eventType", EVENT, "must be 1 to 64 of a–z, 0–9 and _, beginning with a letter."),
    "value": _check_value,
    "currency": _check_text("currency", CURRENCY, "must be an ISO 4217 code, such as USD."),
    "occurredAt": _check_time,
    "customerKey": _check_customer,
    "properties": _check_properties,
    "expect": _check_expect,
}


def read_arrival(body: bytes) -> str:
    """The ctx of an arrival: `{"ctx": …}` and nothing else."""
    told = strict_json.read(body)
    if not isinstance(told, dict):
        raise invalid_payload([Fault("", "invalid", "must be a JSON object with ctx.")])
    if unknown := [name for name in told if name != "ctx"]:
        raise invalid_payload(
            [
                Fault(f"/{strict_json.escaped(name)}"[:200], "unknown_field", "is not known; send ctx alone.")
                for name in unknown
            ]
        )
    if not isinstance(told.get("ctx") or "", str):
        raise InvalidCtx(Reason.MALFORMED, "The ctx must be a text: the value of `ctx` from the address.")
    return told.get("ctx") or ""
