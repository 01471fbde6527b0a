"""How the redirect and the context read in the OpenAPI document."""

from typing import Any

from funnelproof.clicks.inrun import AS_HEADER, TOKEN_HEADER
from funnelproof.links.ctx import Cohort, Consent, Mode, Reason
from funnelproof.links.link import SLUG, LinkEnded, LinkExpired, LinkNotFound
from funnelproof.web.openapi import refusals

STRING = {"type": ["string", "null"]}
CONTEXT: dict[str, Any] = {
    "type": "object",
    "required": ["usable", "reason", "detail", "requestId"],
    "properties": {
        "usable": {"type": "boolean"},
        "reason": {"type": ["string", "null"], "enum": [*(reason.value for reason in Reason), None]},
        "detail": STRING,
        "handle": STRING,
        "slug": STRING,
        "campaignId": STRING,
        "variantId": STRING,
        "mode": {"type": "string", "enum": [mode.value for mode in Mode]},
        "cohort": {"type": "string", "enum": [cohort.value for cohort in Cohort]},
        "consent": {"type": "string", "enum": [consent.value for consent in Consent]},
        "issuedAt": {"type": "string", "format": "date-time"},
        "expiresAt": {"type": "string", "format": "date-time"},
        "requestId": {"type": "string"},
    },
}
LED_ON = {
    "description": "Led on; the Location carries the ctx.",
    "headers": {"Location": {"schema": {"type": "string"}}},
}


def paths() -> dict[str, Any]:
    """OpenAPI path items of what the edge answers for this feature."""
    return {
        "/v2/public/context": {
            "get": {
                "tags": ["context"],
                "operationId": "read_context",
                "summary": "What a ctx says, and whether it is usable",
                "description": "Nothing of its content is told unless its signature holds; click and visitor never.",
                "parameters": [{"name": "ctx", "in": "query", "required": False, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "Read.", "content": {"application/json": {"schema": CONTEXT}}}},
            }
        },
        "/{handle}/{slug}": {
            "get": {
                "tags": ["links"],
                "operationId": "follow_link",
                "summary": "Follow a link",
                "description": "Records the click, decides the variant, mints a ctx, leads on.",
                "parameters": [
                    {"name": "handle", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "slug", "in": "path", "required": True, "schema": {"type": "string", "pattern": SLUG}},
                    {"name": TOKEN_HEADER, "in": "header", "required": False, "schema": {"type": "string"}},
                    {"name": AS_HEADER, "in": "header", "required": False, "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {"description": "The password form, or the bridge page."},
                    "302": LED_ON,
                    "307": LED_ON,
                    **refusals(LinkNotFound, LinkExpired, LinkEnded),
                },
            }
        },
    }
