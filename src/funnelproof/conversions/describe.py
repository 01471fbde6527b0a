"""How the conversion door's routes read in the OpenAPI document."""

from typing import Any

from funnelproof.conversions.conversion import KeyReused
from funnelproof.conversions.view import ConversionView
from funnelproof.errors import Invalid
from funnelproof.links.ctx import TOLD_MODES, InvalidCtx
from funnelproof.links.link import NoSuchCampaign
from funnelproof.web.openapi import preflight, refusals

CTX = {"type": "string", "maxLength": 256, "description": "The value of `ctx` that the redirect put into the address."}
REQUEST: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["ctx", "idempotencyKey"],
    "properties": {
        "ctx": CTX,
        "idempotencyKey": {
            "type": "string",
            "minLength": 1,
            "maxLength": 128,
            "description": "The order's own id. The same key again answers the first conversion and counts nothing.",
        },
        "eventType": {"type": ["string", "null"], "pattern": "^[a-z][a-z0-9_]{0,63}$"},
        "value": {
            "type": ["string", "number", "null"],
            "description": "A plain decimal ≥ 0 with no more decimals than the currency has.",
        },
        "currency": {
            "type": ["string", "null"],
            "pattern": "^[A-Z]{3}$",
            "description": "The campaign's unless given.",
        },
        "occurredAt": {"type": ["string", "null"], "format": "date-time"},
        "customerKey": {"type": ["string", "null"], "maxLength": 256, "description": "Stored only as a keyed hash."},
        "properties": {"type": ["object", "null"], "maxProperties": 20, "description": "Scalars, 4 KiB in all."},
        "expect": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {"handle": {"type": "string"}, "campaignId": {"type": "string"}},
        },
    },
    "examples": [{"ctx": "Ueh0.EBAAAQABAAEBogj8hvwAKN6A…", "idempotencyKey": "order-8841", "value": "49.90"}],
}
ARRIVAL: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["ctx"],
    "properties": {"ctx": CTX},
    "examples": [{"ctx": "Ueh0.EBAAAQABAAEBogj8hvwAKN6A…"}],
}
ARRIVED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["ARRIVED", "SEEN_BEFORE"]},
        "requestId": {"type": "string"},
    },
}


def paths() -> dict[str, Any]:
    """OpenAPI path items of what the edge answers for this feature."""
    view = ConversionView.model_json_schema(
        by_alias=True, mode="serialization", ref_template="#/components/schemas/{model}"
    )
    view.pop("$defs", None)
    view["properties"]["mode"] = {"type": "string", "enum": list(TOLD_MODES)}
    refused = refusals(InvalidCtx, Invalid, NoSuchCampaign, KeyReused)
    return {
        "/v2/public/conversions": {
            "options": preflight("conversions", "may_record_conversion"),
            "post": {
                "tags": ["conversions"],
                "operationId": "record_conversion",
                "summary": "Record a conversion",
                "description": "Stores a conversion exactly once. Durable when the answer arrives.",
                "requestBody": _body(REQUEST),
                "responses": {
                    "201": _answer("Recorded.", view),
                    "200": _answer("The same conversion again; it counts nothing.", view),
                    **refused,
                },
            },
        },
        "/v2/public/arrivals": {
            "options": preflight("conversions", "may_record_arrival"),
            "post": {
                "tags": ["conversions"],
                "operationId": "record_arrival",
                "summary": "Say that the page has opened",
                "requestBody": _body(ARRIVAL),
                "responses": {"200": _answer("Noted.", ARRIVED), **refusals(InvalidCtx, Invalid)},
            },
        },
    }


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "required": True,
        "content": {"application/json": {"schema": schema}, "text/plain": {"schema": {"type": "string"}}},
    }


def _answer(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}
