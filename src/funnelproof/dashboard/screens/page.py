"""The campaign's page: its draft as a form or as JSON, a preview, publishing, versions, deployments."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from funnelproof.dashboard.editor import edited, form_of, newest_at, text_of
from funnelproof.dashboard.inside import Call, Refused
from funnelproof.dashboard.visit import Goto, Page, Visit

SCHEMAS = "/v2/public/schemas/campaign-page"
TYPES = ("PRODUCT_LAUNCH", "LEAD_MAGNET", "WEBINAR", "RETARGETING", "PARTNER")


def _site(visit: Visit) -> str:
    return f"{visit.api}/site-structure/campaigns/{quote(visit.campaign_id, safe='')}"


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    site = await visit.find(_site(visit))
    deployments = await visit.get(f"{_site(visit)}/deployments", limit=20) if site else {"items": []}
    kind = site["draft"]["structureType"] if site else _kind(visit.form.get("structureType") or visit.query.get("type"))
    schema = await visit.get(f"{SCHEMAS}/{kind}")
    document = _typed(visit.form, schema) or (site["draft"]["document"] if site else _example(schema))
    told = {
        "site": site,
        "deployments": deployments["items"],
        "types": TYPES,
        "kind": kind,
        "text": visit.form.get("document") or text_of(document),
        "base": text_of(document),
        "editor": form_of(schema, document),
        "opened": _opened(visit, document),
        "is_changed": bool(visit.form.get("add") or visit.form.get("remove")),
    }
    return Page("page.html", {"campaign": campaign, "preview": None, **told})


def _opened(visit: Visit, document: Any) -> list[str]:
    """Pointers of parts that are shown open: what was added or taken out, and what the API found wrong."""
    faults = [fault["pointer"].removeprefix("/document") for fault in (visit.problem or {}).get("errors", [])]
    more, less = visit.form.get("add", ""), visit.form.get("remove", "")
    return [*faults, newest_at(document, more), less.rpartition("/")[0] + "/-", "/sections/hero/-"]


def _kind(asked: str | None) -> str:
    return asked if asked in TYPES else TYPES[0]


def _example(schema: dict[str, Any]) -> Any:
    return {name: part for name, part in schema["examples"][0].items() if name != "variants"}


def _typed(form: Mapping[str, str], schema: dict[str, Any]) -> Any:
    """The document as the form has it; None where no form was sent. What a form does not show travels in `base`."""
    try:
        base = json.loads(form.get("base", ""))
    except ValueError:
        return None
    return edited(schema, base, form) if isinstance(base, dict) else None


async def _write(visit: Visit) -> Page | Goto:
    """Save what the form says; or show it with one part more or less, not saved yet."""
    if visit.form.get("add") or visit.form.get("remove"):
        return await show(visit)
    schema = await visit.get(f"{SCHEMAS}/{_kind(visit.form.get('structureType'))}")
    saved = await _put(visit, _typed(visit.form, schema))
    if not visit.form.get("look"):
        return saved
    visit.form = {}
    return await _preview(visit)


async def _save(visit: Visit) -> Goto:
    try:
        document = json.loads(visit.form.get("document", ""))
    except ValueError as error:
        raise _not_json(visit, str(error)) from None
    return await _put(visit, document)


async def _put(visit: Visit, document: Any) -> Goto:
    form = visit.form
    body = {
        "title": form.get("title", ""),
        "accessMode": form.get("accessMode", "PUBLIC"),
        "structureType": form.get("structureType", ""),
        "document": document,
    }
    if form.get("slug", "").strip():
        body["slug"] = form["slug"].strip()
    await visit.send("PUT", _site(visit), body, if_match=form.get("etag") or None)
    return Goto(visit.path)


def _not_json(visit: Visit, what: str) -> Refused:
    """What the API would say of such a body, said before it is sent: it takes JSON only."""
    detail = f"The content is not JSON: {what}."
    fault = {"pointer": "/document", "code": "invalid", "detail": detail}
    told = {"title": "The content cannot be read", "detail": detail, "error": "invalid_payload", "errors": [fault]}
    return Refused(Call("PUT", _site(visit), None, "", 400, {**told, "status": 400}))


async def _publish(visit: Visit) -> Goto:
    version = visit.form.get("version", "")
    await visit.send("POST", f"{_site(visit)}/publish", {"version": int(version)} if version.isdecimal() else {})
    return Goto(visit.path)


async def _preview(visit: Visit) -> Page:
    made = await visit.send("POST", f"{_site(visit)}/preview-links")
    shown = await show(visit)
    return shown._replace(values={**shown.values, "preview": made["url"]})


ACTS = {"save": _save, "write": _write, "publish": _publish, "preview": _preview}
