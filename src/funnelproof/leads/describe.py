"""How the lead door's route reads in the OpenAPI document."""

from typing import Any

from funnelproof.errors import Invalid
from funnelproof.handles.handle import HandleNotFound
from funnelproof.leads.lead import LeadKeyReused, TooManyLeads
from funnelproof.leads.told import FORM_TYPE
from funnelproof.links.ctx import InvalidCtx
from funnelproof.links.link import NoSuchCampaign
from funnelproof.web.openapi import TEXT, preflight, refusals
from funnelproof.web.problems import WrongMediaType

PATH = "/v2/public/handles/{handle}/leads"
REQUEST: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["campaignId", "formId", "fields"],
    "properties": {
        "campaignId": TEXT,
        "formId": {**TEXT, "description": "A form of the published page; any other needs a ctx."},
        "fields": {
            "type": "object",
            "maxProperties": 12,
            "additionalProperties": {"type": ["string", "boolean"], "maxLength": 2000},
            "description": "What was filled in, by the name of the field.",
        },
        "ctx": {"type": ["string", "null"], "maxLength": 256, "description": "That of the click which led here."},
        "idempotencyKey": {
            "type": ["string", "null"],
            "maxLength": 128,
            "description": "Without one, a visitor's form with the same email address is one lead.",
        },
        "website": {"type": ["string", "null"], "description": "A trap for robots: leave it empty."},
    },
    "examples": [
        {"campaignId": "new-buyer-funnel", "formId": "guide", "fields": {"email": "asha@example.com"}},
    ],
}
BY_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["campaign_id", "form_id"],
    "properties": dict.fromkeys(("campaign_id", "form_id", "ctx", "idempotency_key", "website"), TEXT),
    "additionalProperties": TEXT,
    "description": "As a form of a page sends it: what is not named here is a field of the form.",
}
TAKEN: dict[str, Any] = {
    "type": "object",
    "required": ["status", "requestId"],
    "properties": {"status": {"type": "string", "enum": ["TAKEN"]}, "requestId": TEXT},
}


def paths() -> dict[str, Any]:
    refused = refusals(Invalid, InvalidCtx, HandleNotFound, NoSuchCampaign, LeadKeyReused, TooManyLeads, WrongMediaType)
    return {
        PATH: {
            "post": {
                "tags": ["leads"],
                "operationId": "send_lead",
                "summary": "Send a form",
                "description": "Stored once. On a LEAD_CAPTURE campaign, with a ctx, it is a conversion as well.",
                "parameters": [{"name": "handle", "in": "path", "required": True, "schema": TEXT}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": REQUEST}, FORM_TYPE: {"schema": BY_FORM}},
                },
                "responses": {
                    "200": {"description": "To a form, where no page is published.", "content": {"text/html": {}}},
                    "202": {
                        "description": "Taken. Whether it was there before is not told.",
                        "content": {"application/json": {"schema": TAKEN}},
                    },
                    "303": {
                        "description": "To a form: back to the campaign's page, which says thanks.",
                        "headers": {"Location": {"schema": TEXT}},
                    },
                    **{str(status): answer for status, answer in refused.items()},
                },
            },
            "options": preflight("leads", "may_send_lead"),
        }
    }
