"""How the page itself reads in the OpenAPI document."""

from typing import Any

from funnelproof.pages.page import PAGE_SLUG, PREVIEW, SHARE, InvalidPageLink, PageNotPublished
from funnelproof.web.openapi import PROBLEM_CONTENT, preflight, refusals

HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
EITHER: dict[str, Any] = {**PROBLEM_CONTENT, **HTML}
TEXT = {"type": "string"}
HANDLE = {"name": "handle", "in": "path", "required": True, "schema": TEXT}
PARAMETERS: list[dict[str, Any]] = [
    HANDLE,
    {"name": "pageSlug", "in": "path", "required": True, "schema": {"type": "string", "pattern": PAGE_SLUG}},
    {"name": "ctx", "in": "query", "required": False, "schema": TEXT, "description": "Buttons and forms carry it on."},
    {"name": "fp_region", "in": "query", "required": False, "schema": TEXT, "description": "Whose words: ISO 3166."},
    {"name": "If-None-Match", "in": "header", "required": False, "schema": TEXT},
]
DRAFT_PARAMETERS: list[dict[str, Any]] = [
    HANDLE,
    {"name": "token", "in": "query", "required": True, "schema": TEXT},
    {
        "name": "fp_variant",
        "in": "query",
        "required": False,
        "schema": TEXT,
        "description": "Whose texts: a variantId.",
    },
    {"name": "fp_region", "in": "query", "required": False, "schema": TEXT},
]
BY_TOKEN = "/v2/public/handles/{handle}/site-structure/campaigns/{campaignId}"  # noqa: S105 - an address
SCHEMA = "/v2/public/schemas/campaign-page/{structureType}"


def paths() -> dict[str, Any]:
    """OpenAPI path items of what the edge answers for this feature."""
    return {
        "/{handle}/p/{pageSlug}": {"get": _page()},
        "/{handle}/p/preview": {"get": _draft(PREVIEW, "an hour")},
        "/{handle}/p/share": {"get": _draft(SHARE, "30 days")},
        "/{handle}/p/login": {"post": _login_form("ask_for_login", "Ask for a login link", "200", "Look for mail.")},
        "/{handle}/p/verify": {
            "get": _login_form("look_at_login", "The button behind a login link", "200", "Nothing is used up by it."),
            "post": _login_form("log_in", "Log in", "303", "To the page that was asked for."),
        },
        BY_TOKEN: {"options": preflight("pages", "may_fetch_page")},
        SCHEMA: {"options": preflight("pages", "may_read_page_schema")},
    }


def _page() -> dict[str, Any]:
    return {
        "tags": ["pages"],
        "operationId": "show_page",
        "summary": "A campaign's published page",
        "description": "In the words of the ctx's variant and the visitor's region. An old slug leads to the new one.",
        "parameters": PARAMETERS,
        "responses": {
            "200": {"description": "The page; or its teaser, for whoever must log in first.", "content": HTML},
            "302": {"description": "It stands at another address now.", "headers": {"Location": {"schema": TEXT}}},
            "304": {"description": "As it was when its ETag was given."},
            **_refused(PageNotPublished),
        },
    }


def _login_form(operation: str, summary: str, status: str, told: str) -> dict[str, Any]:
    return {
        "tags": ["visitors"],
        "operationId": operation,
        "summary": summary,
        "description": "For browsers, as a page; the same as JSON: /v2/visitor/auth.",
        "parameters": PARAMETERS[:1],
        "responses": {status: {"description": told, "content": HTML if status == "200" else {}}},
    }


def _draft(kind: str, life: str) -> dict[str, Any]:
    return {
        "tags": ["pages"],
        "operationId": f"show_draft_by_{kind}_link",
        "summary": "A draft, by a link",
        "description": f"As it stands. The link holds for {life}, unless it is revoked. Nothing here is counted.",
        "parameters": DRAFT_PARAMETERS,
        "responses": {"200": {"description": "The draft as a page.", "content": HTML}, **_refused(InvalidPageLink)},
    }


def _refused(*problems: Any) -> dict[str, Any]:
    """The OpenAPI document adds its usual refusals to these; all of them are pages for who accepts text/html."""
    empty: dict[str, Any] = {status: {"description": ""} for status in ("400", "500", "503")}
    known = {str(status): answer for status, answer in refusals(*problems).items()}
    return {status: {**answer, "content": EITHER} for status, answer in {**empty, **known}.items()}
