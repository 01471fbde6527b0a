"""What was sent, as JSON or by a form of a page: its bytes to one shape, all problems of that shape at once."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from funnelproof.conversions.admit import check_key
from funnelproof.errors import Fault, gathered, invalid_payload
from funnelproof.web import strict_json

FORM_TYPE = "application/x-www-form-urlencoded"
FIELDS = ("campaignId", "formId", "ctx", "idempotencyKey", "website", "fields")
OF_FORM = {
    "campaign_id": "campaignId",
    "form_id": "formId",
    "ctx": "ctx",
    "idempotency_key": "idempotencyKey",
    "website": "website",
}
MOST_INPUTS = 40


class Told(NamedTuple):
    """`trap` is what a person does not see and leaves empty."""

    campaign_id: str
    form_id: str
    fields: Mapping[str, Any]
    ctx: str | None
    key: str | None
    trap: str


def read_json(body: bytes) -> Told:
    told = strict_json.read(body)
    if not isinstance(told, dict):
        raise invalid_payload([Fault("", "invalid", "must be a JSON object with campaignId, formId and fields.")])
    return _checked(told)


def read_form(body: bytes) -> Told:
    """Of a name that stands several times, the last value counts."""
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_INPUTS)
    except ValueError:
        raise invalid_payload([Fault("", "too_long", f"has more than {MOST_INPUTS} inputs.")]) from None
    told: dict[str, Any] = {"fields": {name: value for name, value in pairs if name not in OF_FORM}}
    told.update({OF_FORM[name]: value for name, value in pairs if name in OF_FORM and value})
    return _checked(told)


def _checked(told: dict[str, Any]) -> Told:
    faults = [
        Fault(f"/{strict_json.escaped(name)}"[:200], "unknown_field", f"is not known; known are {', '.join(FIELDS)}.")
        for name in told
        if name not in FIELDS
    ]
    texts = {name: _text(told, name, faults) for name in FIELDS[:-1]}
    fields = told.get("fields")
    if not isinstance(fields, dict):
        faults.append(
            Fault("/fields", "wrong_type", "must be an object: what was filled in, by the name of the field.")
        )
    missing = (name for name in ("campaignId", "formId") if told.get(name) in (None, ""))
    faults.extend(Fault(f"/{name}", "required", "is required.") for name in missing)
    if texts["idempotencyKey"]:
        with gathered(faults):
            check_key(texts["idempotencyKey"])
    if faults or not isinstance(fields, dict):
        raise invalid_payload(faults)
    ctx, key = texts["ctx"] or None, texts["idempotencyKey"] or None
    return Told(texts["campaignId"], texts["formId"], fields, ctx, key, texts["website"])


def _text(told: dict[str, Any], name: str, faults: list[Fault]) -> str:
    value = told.get(name) or ""
    if isinstance(value, str) and len(value) <= 256 and value.isprintable():
        return value
    faults.append(Fault(f"/{name}", "invalid", "must be a text of at most 256 printable characters."))
    return ""
