"""The manual at /docs: the Markdown files of docs/, and a reference made from the OpenAPI document."""

import html
import json
import posixpath
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from markdown_it import MarkdownIt

from funnelproof.errors import NotFound

PACKAGED = Path(__file__).parent / "docs"
IN_REPOSITORY = Path(__file__).parents[2] / "docs"
RELATIVE = re.compile(r'href="((?!https?:|/|#)[^"#]+?)\.md(#[^"]*)?"')
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
PICTURE = re.compile(r"[a-z0-9-]{1,64}\.png")
PICTURES = "pictures"
FAMILY = "invalid_field"
FOLDERS = {"errors": "/docs/errors/index", "decisions": "/docs/decisions/index", "checks": "/docs/health"}
"""Where the pages of a folder are listed."""
CSP = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {"Content-Security-Policy": CSP, "Referrer-Policy": "no-referrer", "Cache-Control": "public, max-age=300"}
Schemas = dict[str, dict[str, Any]]
Field = tuple[str, bool, dict[str, Any]]
"""Name, whether it is required, schema."""
HEADING = re.compile(r"<h([23])>(.*?)</h\1>")
ENTRY = re.compile(r"^- .*?\[([^\]]+)\]\(([^)\s]+)\)")
FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Funnelproof</title><link rel="icon" href="/app/static/icon.svg">
<link rel="stylesheet" href="/app/static/dashboard.css"></head>
<body><a class="skip" href="#main">Skip to the content</a>
<header class="bar"><div><a class="brand" href="/docs"><span aria-hidden="true">◆</span> Funnelproof</a>
<nav class="tabs" aria-label="Manual"><a href="/docs">Manual</a><a href="/docs/api">API</a>
<a href="/docs/errors/index">Errors</a><a href="/docs/decisions/index">Decisions</a></nav>
<div class="row push"><a class="contents" href="#contents">Contents</a>
<a href="/app/signin">Dashboard</a></div></div></header>
<div class="manual"><main id="main">{main}</main>
<nav id="contents" aria-label="Contents">{contents}</nav></div></body></html>
"""
"""The dashboard's own look; its style sheet is all that is shared, so that each can be read without the other."""


def routes(document: Callable[[], dict[str, Any]]) -> APIRouter:
    """`document` answers the OpenAPI document."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs/")
    async def to_the_manual() -> RedirectResponse:
        return RedirectResponse("/docs", 307)

    @router.get("/docs")
    async def first_page() -> HTMLResponse:
        return _page("index")

    @router.get("/openapi.json")
    def whole_document() -> JSONResponse:
        """On a thread, as the reference: to make the document takes most of a second, and visitors go first."""
        return JSONResponse(document())

    @router.get("/docs/api")
    def reference() -> HTMLResponse:
        return _framed("API", _reference(document()))

    @router.get("/docs/{name}")
    async def page(name: str) -> Response:
        return RedirectResponse(FOLDERS[name], 307) if name in FOLDERS else _page(name)

    @router.get("/docs/{folder}/{name}")
    async def page_below(folder: str, name: str) -> Response:
        return _picture(name) if folder == PICTURES else _page(folder, name)

    return router


def _picture(name: str) -> Response:
    base = PACKAGED if PACKAGED.is_dir() else IN_REPOSITORY
    path = base / PICTURES / name
    if not PICTURE.fullmatch(name) or not path.is_file():
        raise NotFound(f"The manual has no picture {name[:64]}.")
    return Response(path.read_bytes(), media_type="image/png", headers=HEADERS)


def _page(*names: str) -> HTMLResponse:
    title, main = _rendered(*names)
    return _framed(html.escape(title), main)


def _framed(title: str, main: str) -> HTMLResponse:
    return HTMLResponse(FRAME.format(title=title, main=main, contents=_contents()), headers=HEADERS)


@lru_cache(maxsize=1)
def _contents() -> str:
    """The list of the first page, beside every page: what each entry is called first."""
    parts: list[str] = []
    for line in _text(("index",)).splitlines():
        if line.startswith("## "):
            parts += ["</ul>" if parts else "", f"<h2>{html.escape(line[3:])}</h2><ul>"]
        elif parts and (entry := ENTRY.match(line)):
            target = entry[2].replace(".md", "")
            address = target if target.startswith("/") else _absolute(("index",), target)
            parts.append(
                f'<li><a href="{html.escape(address)}">{html.escape(entry[1][:1].upper() + entry[1][1:])}</a></li>'
            )
    return "".join(parts) + "</ul>"


@lru_cache(maxsize=512)
def _rendered(*names: str) -> tuple[str, str]:
    """(title, HTML) of a page. A field's own error without a page is explained by the page of its family."""
    text = _text(names)
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), names[-1])
    rendered: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    rendered = HEADING.sub(lambda own: f'<h{own[1]} id="{_anchor(own[2])}">{own[2]}</h{own[1]}>', rendered)
    return title, RELATIVE.sub(lambda link: f'href="{_absolute(names, link[1])}{link[2] or ""}"', rendered)


def _anchor(heading: str) -> str:
    """As links in the pages name it: small letters, hyphens between the words."""
    plain = html.unescape(re.sub(r"<[^>]+>", "", heading)).lower()
    return re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", plain)).strip("-")


def _absolute(names: tuple[str, ...], target: str) -> str:
    """Where a relative link of a page leads: the first page is shown at /docs, the others below it."""
    return posixpath.normpath(posixpath.join("/docs", *names[:-1], target))


def _text(names: tuple[str, ...]) -> str:
    root = PACKAGED if PACKAGED.is_dir() else IN_REPOSITORY
    if all(NAME.fullmatch(name) for name in names):
        path = root.joinpath(*names).with_suffix(".md")
        if path.is_file():
            return path.read_text("utf-8")
        if names[0] == "errors" and names[-1].startswith("invalid_"):
            return (root / "errors" / f"{FAMILY}.md").read_text("utf-8")
    raise NotFound("The manual has no such page; /docs lists what there is.")


def _reference(document: dict[str, Any]) -> str:
    parts = ["<h1>API</h1><p>The whole document: <a href='/openapi.json'>/openapi.json</a>.</p>"]
    schemas = document.get("components", {}).get("schemas", {})
    for path, item in sorted(document["paths"].items()):
        for method, operation in item.items():
            parts.append(_operation(method, path, operation, schemas))
    return "".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any], schemas: Schemas) -> str:
    text = html.escape(operation.get("description") or operation.get("summary") or "")
    parameters = [
        (f"{one['name']} ({one['in']})", one.get("required", False), {**one["schema"], **_told(one)})
        for one in operation.get("parameters", [])
    ]
    parts = [
        f"<section><h2><code>{method.upper()} {html.escape(path)}</code></h2><p>{text}</p>",
        _fields_table("Parameters", parameters, schemas),
        _request(operation, schemas),
        _answers(operation["responses"]),
        "</section>",
    ]
    return "".join(parts)


def _request(operation: dict[str, Any], schemas: Schemas) -> str:
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = _resolved(media.get("schema", {}), schemas)
    required = schema.get("required", [])
    fields = [(name, name in required, field) for name, field in schema.get("properties", {}).items()]
    examples = [media["example"]] if "example" in media else schema.get("examples", [])
    shown = "".join(
        f"<details><summary>Example</summary><pre><code>{html.escape(_json(one))}</code></pre></details>"
        for one in examples[:1]
    )
    return _fields_table("Body", fields, schemas) + shown


def _fields_table(title: str, fields: list[Field], schemas: Schemas) -> str:
    rows = "".join(
        f"<tr><td><code>{html.escape(name)}</code></td><td>{html.escape(_type(schema, schemas))}"
        f"{', required' if required else ''}</td><td>{html.escape(_what(schema))}</td></tr>"
        for name, required, schema in fields
    )
    head = f"<tr><th>{title}</th><th>type</th><th>what it is</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""


def _answers(responses: dict[str, Any]) -> str:
    statuses = "".join(
        f"<dt>{html.escape(status)}</dt><dd>{html.escape(answer.get('description', ''))}</dd>"
        for status, answer in responses.items()
    )
    return f"<details><summary>Answers</summary><dl>{statuses}</dl></details>"


def _resolved(schema: dict[str, Any], schemas: Schemas) -> dict[str, Any]:
    """What a `$ref` names, one level deep; beside null, what may stand there."""
    choices = [choice for choice in schema.get("anyOf", []) if choice.get("type") != "null"]
    if len(choices) == 1:
        return _resolved(choices[0], schemas)
    return schemas.get(schema["$ref"].rpartition("/")[2], {}) if "$ref" in schema else schema


def _type(schema: dict[str, Any], schemas: Schemas) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(choice, schemas) for choice in schema["anyOf"])
    found = _resolved(schema, schemas)
    if "enum" in found:
        return "one of " + ", ".join(map(str, found["enum"]))
    named = found.get("type", "anything")
    text = " or ".join(named) if isinstance(named, list) else str(named)
    if "items" in found:
        return f"{text} of {_type(found['items'], schemas)}"
    if "properties" in found:
        return f"{text} of {', '.join(found['properties'])}"
    return f"{text} ({found['format']})" if "format" in found else text


def _what(schema: dict[str, Any]) -> str:
    examples = [f"For example {json.dumps(one, ensure_ascii=False)}." for one in schema.get("examples", [])[:1]]
    return " ".join(filter(None, [schema.get("description", ""), *examples]))


def _told(parameter: dict[str, Any]) -> dict[str, Any]:
    return {"description": parameter["description"]} if "description" in parameter else {}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
