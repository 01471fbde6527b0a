"""How the redirect and the context read in the OpenAPI document."""

from typing import Any

from funnelproof.clicks.inrun import AS_HEADER, TOKEN_HEADER
from funnelproof.clicks.password import LARGEST_FORM, TooManyPasswords
from funnelproof.errors import Problem
from funnelproof.links.ctx import TOLD_MODES, Cohort, Consent, Reason
from funnelproof.links.link import SLUG, LinkEnded, LinkExpired, LinkNotFound
from funnelproof.previews.preview import PARAMETER, PreviewEnded
from funnelproof.web.openapi import PROBLEM_CONTENT, preflight, refusals
from funnelproof.web.problems import NoSuchMethod
from funnelproof.worlds.world import InvalidRunToken, RunClosed

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
        "mode": {"type": "string", "enum": list(TOLD_MODES)},
        "cohort": {"type": "string", "enum": [cohort.value for cohort in Cohort]},
        "consent": {"type": "string", "enum": [consent.value for consent in Consent]},
        "issuedAt": {"type": "string", "format": "date-time"},
        "expiresAt": {"type": "string", "format": "date-time"},
        "requestId": {"type": "string"},
    },
}
PAGE: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
EITHER: dict[str, Any] = {**PROBLEM_CONTENT, **PAGE}
"""Who accepts text/html is refused by a page for people, everybody else by a problem document."""
LED_ON = {
    "description": "Led on; the Location carries the ctx.",
    "headers": {"Location": {"schema": {"type": "string"}}},
}
PARAMETERS: list[dict[str, Any]] = [
    {"name": "handle", "in": "path", "required": True, "schema": {"type": "string"}},
    {"name": "slug", "in": "path", "required": True, "schema": {"type": "string", "pattern": SLUG}},
    {"name": PARAMETER, "in": "query", "required": False, "schema": {"type": "string"}},
    {"name": TOKEN_HEADER, "in": "header", "required": False, "schema": {"type": "string"}},
    {"name": AS_HEADER, "in": "header", "required": False, "schema": {"type": "string"}},
]
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["password"],
    "properties": {"password": {"type": "string", "maxLength": 128}},
    "description": f"At most {LARGEST_FORM} bytes.",
    "examples": [{"password": "open sesame"}],
}
ALWAYS = ("400", "500", "503")
"""Refusals that are described for every operation; here only their content is told."""


def paths() -> dict[str, Any]:
    """OpenAPI path items of what the edge answers for this feature."""
    return {
        "/v2/public/context": {
            "options": preflight("context", "may_read_context"),
            "get": {
                "tags": ["context"],
                "operationId": "read_context",
                "summary": "What a ctx says, and whether it is usable",
                "description": "Nothing of its content is told unless its signature holds; click and visitor never.",
                "parameters": [{"name": "ctx", "in": "query", "required": False, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "Read.", "content": {"application/json": {"schema": CONTEXT}}}},
            },
        },
        "/{handle}/{slug}": {"get": _follow(), "head": _ask_only(), "post": _give_password()},
    }


def _follow() -> dict[str, Any]:
    return {
        "tags": ["links"],
        "operationId": "follow_link",
        "summary": "Follow a link",
        "description": "Records the click, decides the variant, mints a ctx, leads on.",
        "parameters": PARAMETERS,
        "responses": {
            "200": {"description": "The page that asks for the password, or the bridge page.", "content": PAGE},
            "302": LED_ON,
            "307": LED_ON,
            **_refused(),
        },
    }


def _ask_only() -> dict[str, Any]:
    """HEAD: the same without a body, whatever the answer."""
    told = _follow()
    bare = {status: _without_content(answer) for status, answer in told["responses"].items()}
    summary = "Follow a link without reading a page"
    return {**told, "operationId": "follow_link_head", "summary": summary, "responses": bare}


def _give_password() -> dict[str, Any]:
    return {
        "tags": ["links"],
        "operationId": "give_password",
        "summary": "Give the password of a link",
        "description": "Five tries a minute from one address. The right one leads on as GET would.",
        "parameters": PARAMETERS,
        "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": FORM}}},
        "responses": {
            "200": {"description": "The bridge page.", "content": PAGE},
            "303": LED_ON,
            "403": {"description": "That is not the password; the page asks again.", "content": PAGE},
            **_refused(NoSuchMethod, TooManyPasswords, always=(*ALWAYS, "408", "413")),
        },
    }


def _refused(*more: type[Problem], always: tuple[str, ...] = ALWAYS) -> dict[int | str, Any]:
    known = refusals(LinkNotFound, LinkExpired, LinkEnded, PreviewEnded, InvalidRunToken, RunClosed, *more)
    empty: dict[int | str, Any] = {status: {"description": ""} for status in always}
    return {status: {**answer, "content": EITHER} for status, answer in {**empty, **known}.items()}


def _without_content(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in answer.items() if name != "content"}
