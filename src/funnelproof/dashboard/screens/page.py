"""The campaign's page: its draft, a preview, publishing, versions, deployments."""

import json
from typing import Any
from urllib.parse import quote

from funnelproof.dashboard.inside import Call, Refused
from funnelproof.dashboard.visit import Goto, Page, Visit

TYPES = ("PRODUCT_LAUNCH", "LEAD_MAGNET", "WEBINAR", "RETARGETING", "PARTNER")


def _site(visit: Visit) -> str:
    return f"{visit.api}/site-structure/campaigns/{quote(visit.campaign_id, safe='')}"


async def show(visit: Visit) -> Page:
    campaign = await visit.get(visit.campaign_api)
    site = await visit.find(_site(visit))
    deployments = await visit.get(f"{_site(visit)}/deployments", limit=20) if site else {"items": []}
    wanted = visit.query.get("type", "PRODUCT_LAUNCH")
    kind = wanted if wanted in TYPES else TYPES[0]
    document = site["draft"]["document"] if site else await _example(visit, kind)
    text = visit.form.get("document") or json.dumps(document, indent=2, ensure_ascii=False)
    told = {"site": site, "deployments": deployments["items"], "types": TYPES, "kind": kind, "text": text}
    return Page("page.html", {"campaign": campaign, "preview": None, **told})


async def _example(visit: Visit, kind: str) -> Any:
    schema = await visit.get(f"/v2/public/schemas/campaign-page/{kind}")
    document = schema["examples"][0]
    return {name: part for name, part in document.items() if name != "variants"}


async def _save(visit: Visit) -> Goto:
    form = visit.form
    try:
        document = json.loads(form.get("document", ""))
    except ValueError as error:
        raise _not_json(visit, str(error)) from None
    body = {
        "title": form.get("title", ""),
        "accessMode": form.get("accessMode", "PUBLIC"),
        "structureType": form.get("structureType", ""),
        "document": document,
    }
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


ACTS = {"save": _save, "publish": _publish, "preview": _preview}
